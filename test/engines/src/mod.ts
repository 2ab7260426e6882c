export { preparePostgres, type PostgresLaunch } from "./prepare-postgres.ts";
export { freePort, startServerProcess, type ServerProcess } from "./server-process.ts";
export { startDocker, type DockerEngine } from "./start-docker.ts";
export { startNats, type NatsEngine } from "./start-nats.ts";
export { startPostgres, type PostgresEngine } from "./start-postgres.ts";
