import { bullmq, bullmqAsDocumented } from "./bullmq.ts";
import { celery } from "./celery.ts";
import { dask } from "./dask.ts";
import type { PeerDefinition } from "./peer.ts";
import { ray } from "./ray.ts";

/** All that are shown; targets name those they compare with. */
export const peerDefinitions: readonly PeerDefinition[] = [bullmq, bullmqAsDocumented, ray, dask, celery];

/** Systems worth comparing with that none of the registries has, and so are not measured. */
export const peersNotToBeHad: Readonly<Record<string, string>> = {
  Temporal: "npm and PyPI have its SDKs, which fetch the development server from elsewhere; Debian has none",
  Hatchet: "npm and PyPI have its SDKs only; Debian has none",
};
