import { current, map, reference, ReusePolicy, TaskEnvironment } from "@hearth/sdk";

export const environment = new TaskEnvironment({ name: "fixture", reusable: new ReusePolicy({ replicas: [0, 3] }) });

const far = reference<(x: number) => Promise<number>>("elsewhere", "double");

export const square = environment.task("square", (x: number) => x * x);
environment.task("fails", () => {
  console.log("before it fails");
  throw new TypeError("no such thing", { cause: new Error("deeper") });
});
environment.task("showsStack", () => new Error("here").stack);
environment.task("sockets", () => ({ rows: [new Map()] }));
environment.task("failsAtLength", () => {
  throw new Error("\u{1F525}".repeat(100_000));
});
environment.task("failsUndescribably", () => {
  const error = new Error();
  Object.defineProperty(error, "message", {
    get() {
      throw new Error("not even this");
    },
  });
  throw error;
});
environment.task("namesItself", async (times: number) => {
  for (let at = 0; at < times; at += 1) {
    console.log(current()?.executionId);
    await far(at);
  }
});
environment.task("overrides", () => far.override({ reusable: new ReusePolicy({ replicas: 1 }) })(1));
environment.task("prefers", async () => {
  const chosen = far.override({ affinityKey: "user-7" }).override({ priority: -3 });
  await chosen(1);
  await map(chosen, [2]);
  await far.override({ reusable: "off" })(3);
});
environment.task("warms", () => environment.warm());
environment.task("waits", async () => {
  await new Promise((_resolve, reject) => {
    current()?.signal.addEventListener("abort", () => reject(new Error("stopped")));
    console.error("waiting");
  });
});
environment.task("strays", async () => {
  void Promise.reject(new Error("nobody caught this"));
  await new Promise(() => undefined);
});
environment.task("throwsLater", async () => {
  setTimeout(() => {
    throw new Error("from a timer");
  });
  await new Promise(() => undefined);
});
environment.task("floods", (lines: number) => {
  for (let line = 0; line < lines; line += 1) console.log("x".repeat(99));
});
environment.task("printsOneLine", (bytes: number) => process.stdout.write("x".repeat(bytes)));
environment.task("printsForEver", () => {
  for (;;) console.log("x".repeat(99));
});
environment.task("leaves", () => {
  console.log("last words");
  process.exit(7);
});
environment.task("calls", async (n: number) => (await map(far, Array.from({ length: n }).keys())).join());
environment.task("callsTwice", async () => [await far(1), await far(2)]);
environment.task("knowsItself", () => ({ ...current(), signal: undefined }));
