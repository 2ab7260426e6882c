import type { Part } from "../part.ts";
import { coldStart } from "./cold-start.ts";
import { idle } from "./idle.ts";
import { journal } from "./journal.ts";
import { latency } from "./latency.ts";
import { load } from "./load.ts";
import { nested } from "./nested.ts";
import { payloads } from "./payloads.ts";
import { placement } from "./placement.ts";
import { throughput } from "./throughput.ts";
import { tracing } from "./tracing.ts";

/** Every part of the suite, in the order it runs. */
export const parts: readonly Part[] = [
  latency,
  throughput,
  nested,
  payloads,
  journal,
  tracing,
  placement,
  idle,
  coldStart,
  load,
];
