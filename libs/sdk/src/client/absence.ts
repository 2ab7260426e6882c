import { ClientError, Status } from "nice-grpc";

/** Whether nobody answered, or no more: the other end may be restarting, and asking again may help. */
export function isAbsence(error: unknown): error is ClientError {
  // What this side cancels is no ClientError.
  return error instanceof ClientError && (error.code === Status.UNAVAILABLE || error.code === Status.CANCELLED);
}
