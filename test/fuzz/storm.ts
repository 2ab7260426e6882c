import type { DescMethod, DescService } from "@bufbuild/protobuf";
import * as proto from "@hearth/proto";
import { Random } from "@hearth/simulation";
import { busDoors } from "./doors/bus-door.ts";
import type { Door } from "./doors/door.ts";
import { grpcDoor } from "./doors/grpc-door.ts";
import { httpDoor, rawHttpDoor } from "./doors/http-door.ts";
import type { Target } from "./system.ts";

/** How many things are on their way at once. */
const atOnce = 8;

/** Every service there is, found by its descriptor: one that is added is stormed without anybody remembering. */
export const services: readonly DescService[] = Object.values(proto as Readonly<Record<string, unknown>>).filter(
  (exported): exported is DescService => (exported as { readonly kind?: unknown } | undefined)?.kind === "service",
);

/** Every door of a running Hearth. */
export function doorsOf({ dev, bus, agents }: Target): readonly Door[] {
  const { controlPlane, router, url } = dev.addresses;
  const grpc = services.flatMap(({ methods }) =>
    methods.map((method) => grpcDoor(method, addressOf(method, { controlPlane, router, agents }))),
  );
  const http = services
    .filter(isOfControlPlane)
    .flatMap(({ methods }) => methods.map((method) => httpDoor(method, url)));
  return [...grpc, ...http, rawHttpDoor(Number(new URL(url).port)), ...busDoors(bus)];
}

function isOfControlPlane({ typeName }: DescService): boolean {
  return !/\.(ExecutionService|AgentService)$/.test(typeName);
}

function addressOf(
  method: DescMethod,
  addresses: { readonly controlPlane: string; readonly router: string; readonly agents: Target["agents"] },
): string {
  const { agents } = addresses;
  if (method.parent.typeName.endsWith(".AgentService")) return method.name === "Drain" ? agents.drained : agents.kept;
  return method.parent.typeName.endsWith(".ExecutionService") ? addresses.router : addresses.controlPlane;
}

/** Sends `count` things drawn from the seed through the doors. Returns what was wrong with the answers. */
export async function storm(doors: readonly Door[], seed: number, count: number): Promise<readonly string[]> {
  const random = new Random(seed);
  const found: string[] = [];
  let sent = 0;
  const goOn = async (): Promise<void> => {
    while (sent < count) {
      const door = doors[sent++ % doors.length];
      const chance = random.fork();
      try {
        found.push(...((await door?.send(chance)) ?? []));
      } catch (error) {
        found.push(`${door?.name ?? ""}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, goOn));
  return found;
}
