import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** What a handler may know of the call it serves, whatever the transport. */
export interface CallContext {
  /** Aborted when the caller has left. */
  readonly signal: AbortSignal;
  /** A request header, by lower-case name. */
  header(name: string): string | undefined;
}

type Request<M> = M extends { readonly input: infer I extends DescMessage } ? MessageShape<I> : never;
type Response<M> = M extends { readonly output: infer O extends DescMessage } ? MessageInitShape<O> : never;

/** A handler of one method. It throws a `HearthError` to refuse. */
export type Handler<M extends DescMethod> = M["methodKind"] extends "unary"
  ? (request: Request<M>, context: CallContext) => Promise<Response<M>>
  : M["methodKind"] extends "server_streaming"
    ? (request: Request<M>, context: CallContext) => AsyncIterable<Response<M>>
    : M["methodKind"] extends "client_streaming"
      ? (requests: AsyncIterable<Request<M>>, context: CallContext) => Promise<Response<M>>
      : (requests: AsyncIterable<Request<M>>, context: CallContext) => AsyncIterable<Response<M>>;

/** The implementation of a service, free of any transport. */
export type Handlers<S extends DescService> = { readonly [K in keyof S["method"]]: Handler<S["method"][K]> };

/** A handler as the adapters call it. */
export type AnyHandler = (request: never, context: CallContext) => Promise<object> | AsyncIterable<object>;
