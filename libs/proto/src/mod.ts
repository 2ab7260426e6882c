/** The generated messages and services of `proto/`. `pnpm generate` writes them. */
export * from "./gen/hearth/v1/agent_service_pb.js";
export * from "./gen/hearth/v1/bundle_service_pb.js";
export * from "./gen/hearth/v1/bus_pb.js";
export * from "./gen/hearth/v1/environment_pb.js";
export * from "./gen/hearth/v1/environment_service_pb.js";
export * from "./gen/hearth/v1/execution_pb.js";
export * from "./gen/hearth/v1/execution_service_pb.js";
export * from "./gen/hearth/v1/failure_pb.js";
export * from "./gen/hearth/v1/journal_pb.js";
export * from "./gen/hearth/v1/payload_service_pb.js";
export * from "./gen/hearth/v1/run_pb.js";
export * from "./gen/hearth/v1/run_service_pb.js";
export { ErrorInfoSchema, type ErrorInfo } from "./gen/google/rpc/error_details_pb.js";
export { StatusSchema, type Status } from "./gen/google/rpc/status_pb.js";
export {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "./gen/grpc/health/v1/health_pb.js";
export {
  decodeField,
  decodeMessage,
  emptyMessage,
  encodeFieldInto,
  encodeMessage,
  encodeMessageBehind,
} from "./wire/codec.ts";
