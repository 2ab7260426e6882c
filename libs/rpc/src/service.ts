import type { DescService } from "@bufbuild/protobuf";
import type { AnyHandler, Handlers } from "./handlers.ts";

/** A service and its implementation, ready for a server. */
export interface MountedService {
  readonly description: DescService;
  readonly handlers: Readonly<Record<string, AnyHandler>>;
}

/** Binds an implementation to its service; the types of every method are checked here. */
export function service<S extends DescService>(description: S, handlers: Handlers<S>): MountedService {
  return { description, handlers: handlers };
}
