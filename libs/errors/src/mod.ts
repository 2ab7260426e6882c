export { fitMessage, HearthError } from "./hearth-error.ts";
export { reasons, isReason, type Reason, type ReasonSpec, type Status } from "./reasons.ts";
