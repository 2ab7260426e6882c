/** Writes docs/errors.md from the registry in libs/errors. A test keeps the two equal. */
import { writeFileSync } from "node:fs";
import { reasons } from "../libs/errors/src/reasons.ts";

const rows = Object.entries(reasons).map(
  ([reason, { status, meaning }]) => `| \`${reason}\` | ${status ?? "(no RPC error)"} | ${meaning} |`,
);

writeFileSync(
  new URL("../docs/errors.md", import.meta.url),
  `# Reasons

Whenever Hearth does not do what was asked, it gives a registered reason: as \`google.rpc.ErrorInfo\` (domain \`hearth\`) with a
gRPC error, or in the \`failure\` of an execution that ended without a result. Branch on the reason; the message is for a person
and says what to change. Figures are in the metadata, under keys that spell their unit (\`retryAfterMs\`).

A task that fails is never a gRPC error: it is an execution that ended with \`TASK_FAILED\`.

| reason | gRPC status | meaning |
| --- | --- | --- |
${rows.join("\n")}
`,
);
