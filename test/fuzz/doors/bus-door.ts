import type { DescMessage } from "@bufbuild/protobuf";
import { buckets, subjects } from "@hearth/bus";
import {
  CatalogueEntrySchema,
  DemandReportSchema,
  JournalBatchSchema,
  LocateRequestSchema,
  LogBatchSchema,
  SlotAnnouncementSchema,
} from "@hearth/proto";
import type { Random } from "@hearth/simulation";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { randomBytes } from "../random-message.ts";
import { bytesOf, textOf, victim } from "../words.ts";
import type { Door } from "./door.ts";

/** Every subject and bucket that Hearth reads. */
export function busDoors(connection: NatsConnection): readonly Door[] {
  const on = (subject: (random: Random) => string, type: DescMessage): Door => ({
    name: `bus ${subject.name || type.name}`,
    send(random) {
      const bytes = randomBytes(random, type);
      // NATS takes no more.
      if (bytes.length < 7_000_000) connection.publish(subject(random), bytes);
      return Promise.resolve([]);
    },
  });
  return [
    on((random) => subjects.slots(nameOf(random)), SlotAnnouncementSchema),
    on((random) => subjects.demand(nameOf(random)), DemandReportSchema),
    on((random) => subjects.journal(nameOf(random)), JournalBatchSchema),
    on(() => subjects.logs, LogBatchSchema),
    on(() => subjects.locate, LocateRequestSchema),
    catalogueDoor(connection),
    bundlesDoor(connection),
  ];
}

function catalogueDoor(connection: NatsConnection): Door {
  return {
    name: "bus catalogue",
    async send(random) {
      const bucket = await new Kvm(connection).open(buckets.catalogue);
      if (random.happens(0.2)) await bucket.delete(nameOf(random));
      else await bucket.put(nameOf(random), randomBytes(random, CatalogueEntrySchema));
      return [];
    },
  };
}

function bundlesDoor(connection: NatsConnection): Door {
  return {
    name: "bus bundles",
    async send(random) {
      const store = await new Objm(connection).open(buckets.bundles);
      await store.putBlob({ name: nameOf(random) }, bytesOf(random));
      return [];
    },
  };
}

/** A text as far as subjects and keys can have it; dots make parts of them. */
function nameOf(random: Random): string {
  const name = textOf(random)
    .replaceAll(/[^A-Za-z0-9_=-]/g, "")
    .slice(0, 100);
  return name === "" ? victim : name;
}
