import { startTracing, untraced, type SpanDescription, type Tracing } from "@hearth/telemetry";
import { encodeArguments } from "../payload/encode.ts";
import type { AnyFunction, Task } from "../task/task.ts";
import { controlPlane } from "./control-plane.ts";
import { deployDeclared } from "./deploy.ts";
import { toPayload } from "./payloads.ts";
import { toRequest } from "./request.ts";
import { Run } from "./run.ts";

let tracing: Promise<Tracing> | undefined;

/** Deploys what this program declares, then asks for an execution of the task. Throws `HearthError` when refused. */
export async function run<F extends AnyFunction>(
  task: Task<F>,
  ...args: Parameters<F>
): Promise<Run<Awaited<ReturnType<F>>>> {
  const services = controlPlane();
  const span = (await programTracing()).start(untraced, describe, task.taskName);
  try {
    const argumentBytes = encodeArguments(args);
    await deployDeclared(services);
    const execution = toRequest(task, span.context);
    execution.arguments = await toPayload(services.payloads, argumentBytes);
    const created = await services.runs.createRun({ execution });
    if (created.run === undefined) throw new Error("The control plane accepted the run and did not say which it is.");
    span.setAttribute("hearth.run", created.run.name);
    span.end();
    return new Run(services, created.run);
  } catch (error) {
    span.end({ error: (error as Error).message });
    throw error;
  }
}

function describe(task: string): SpanDescription {
  return { name: `run ${task}`, kind: "client" };
}

/** One for the program; what it holds is sent before the program leaves. */
function programTracing(): Promise<Tracing> {
  if (tracing === undefined) {
    const started = startTracing("hearth-program", process.env);
    process.once("beforeExit", () => void started.then((running) => running.stop()));
    tracing = started;
  }
  return tracing;
}
