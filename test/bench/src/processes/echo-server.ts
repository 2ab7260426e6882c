/**
 * One hop of the stream echo, in a process of its own: answers every execution with its own arguments, or, given the
 * address of another one, passes executions and answers on as a router would if it did nothing else. Served and called by plain
 * nice-grpc.
 */
import { create } from "@bufbuild/protobuf";
import {
  ExecuteStreamRequestSchema,
  ExecuteStreamResponseSchema,
  Outcome,
  type ExecuteStreamRequest,
  type ExecuteStreamResponse,
  type ExecutionEnd,
} from "@hearth/proto";
import { FrameOutbox } from "@hearth/rpc";
import { connectPlainly, servePlainly } from "../plain-grpc.ts";

const [next] = process.argv.slice(2);
const upstream = next === undefined ? undefined : connectPlainly(next);

const address = await servePlainly((frames) => {
  const answers = new FrameOutbox<ExecuteStreamResponse>(() => create(ExecuteStreamResponseSchema));
  const done = upstream === undefined ? answer(frames, answers) : passOn(frames, answers);
  done.then(
    () => answers.end(),
    () => answers.end(),
  );
  return answers;
});
process.stdout.write(`${JSON.stringify({ address })}\n`);

async function answer(
  frames: AsyncIterable<ExecuteStreamRequest>,
  answers: FrameOutbox<ExecuteStreamResponse>,
): Promise<void> {
  for await (const { executions } of frames) {
    for (const { executionId, arguments: payload } of executions) {
      const end: ExecutionEnd = { $typeName: "hearth.v1.ExecutionEnd", executionId, outcome: Outcome.SUCCEEDED };
      if (payload !== undefined) end.result = payload;
      answers.frame(payload?.inline.length).ends.push(end);
    }
  }
}

async function passOn(
  frames: AsyncIterable<ExecuteStreamRequest>,
  answers: FrameOutbox<ExecuteStreamResponse>,
): Promise<void> {
  const onwards = new FrameOutbox<ExecuteStreamRequest>(() => create(ExecuteStreamRequestSchema));
  const back = upstream!.executeStream(onwards);
  const readBack = async (): Promise<void> => {
    for await (const { ends } of back) {
      for (const end of ends) answers.frame(end.result?.inline.length).ends.push(end);
    }
  };
  const reading = readBack();
  for await (const { executions } of frames) {
    for (const request of executions) onwards.frame(request.arguments?.inline.length).executions.push(request);
  }
  onwards.end();
  await reading;
}
