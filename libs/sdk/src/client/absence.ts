import { ClientError, Status } from "nice-grpc";

/** Whether nobody answered: the other end may be restarting, and asking again may help. */
export function isAbsence(error: unknown): boolean {
  return error instanceof ClientError && error.code === Status.UNAVAILABLE;
}
