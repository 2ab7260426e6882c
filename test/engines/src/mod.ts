export { startNats, type NatsEngine } from "./start-nats.ts";
export { startPostgres, type PostgresEngine } from "./start-postgres.ts";
