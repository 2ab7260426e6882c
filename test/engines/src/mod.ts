export { startDocker, type DockerEngine } from "./start-docker.ts";
export { startNats, type NatsEngine } from "./start-nats.ts";
export { startPostgres, type PostgresEngine } from "./start-postgres.ts";
