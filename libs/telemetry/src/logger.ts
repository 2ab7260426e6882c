import { pino, type Logger } from "pino";

export type { Logger };

/**
 * A logger of JSON lines on stderr. Messages are constants; what varies goes into fields; payloads and secrets go
 * nowhere. `level`: one of pino's, default "info".
 */
export function createLogger(name: string, level = "info"): Logger {
  return pino({ name, level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: false, minLength: 0 }));
}
