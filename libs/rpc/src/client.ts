import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  createChannel,
  createClientFactory,
  type CallOptions as NiceCallOptions,
  type Channel,
  type ClientMiddleware,
  type ClientMiddlewareCall,
} from "nice-grpc";
import { toDefinition } from "./definition.ts";
import { detailsTrailer, fromStatusDetails } from "./error-status.ts";
import { messageBytesMax } from "./grpc/message-reader.ts";

type Request<M> = M extends { readonly input: infer I extends DescMessage } ? MessageInitShape<I> : never;
type Response<M> = M extends { readonly output: infer O extends DescMessage } ? MessageShape<O> : never;

interface CallOptions {
  readonly signal?: AbortSignal;
}

type Method<M extends DescMethod> = M["methodKind"] extends "unary"
  ? (request: Request<M>, options?: CallOptions) => Promise<Response<M>>
  : M["methodKind"] extends "server_streaming"
    ? (request: Request<M>, options?: CallOptions) => AsyncIterable<Response<M>>
    : M["methodKind"] extends "client_streaming"
      ? (requests: AsyncIterable<Request<M>>, options?: CallOptions) => Promise<Response<M>>
      : (requests: AsyncIterable<Request<M>>, options?: CallOptions) => AsyncIterable<Response<M>>;

/** A typed client of a service. Refusals are thrown as `HearthError`, everything else as nice-grpc's `ClientError`. */
export type RpcClient<S extends DescService> = { readonly [K in keyof S["method"]]: Method<S["method"][K]> };

/**
 * A channel to `host:port`, connected when first used. With `pings` a peer that says nothing to one for five seconds counts as
 * gone, and the calls to it end.
 */
export function openChannel(address: string, options: { readonly pings?: boolean } = {}): Channel {
  return createChannel(address, undefined, {
    ...(options.pings && { "grpc.keepalive_time_ms": 5_000, "grpc.keepalive_timeout_ms": 5_000 }),
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
    // A peer that comes back is found again within a second, not after grpc-js's default backoff of up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
  });
}

/** `middleware` sees refusals as `HearthError`s. */
export function createClient<S extends DescService>(
  description: S,
  channel: Channel,
  middleware?: ClientMiddleware,
): RpcClient<S> {
  const refusing = createClientFactory().use(refusals);
  const factory = middleware === undefined ? refusing : refusing.use(middleware);
  return factory.create(toDefinition(description), channel) as unknown as RpcClient<S>;
}

const refusals: ClientMiddleware = async function* <Request, Response>(
  call: ClientMiddlewareCall<Request, Response>,
  options: NiceCallOptions,
) {
  let details: Uint8Array | undefined;
  const onTrailer: NiceCallOptions["onTrailer"] = (trailer) => {
    details = trailer.get(detailsTrailer);
    options.onTrailer?.(trailer);
  };
  try {
    return yield* call.next(call.request, { ...options, onTrailer });
  } catch (thrown) {
    throw (details === undefined ? undefined : fromStatusDetails(details)) ?? thrown;
  }
};
