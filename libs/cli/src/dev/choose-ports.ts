import { createServer } from "node:net";
import { CliFailure } from "../cli-failure.ts";

/** The TCP ports of a `hearth dev`, all on loopback. */
export interface Ports {
  readonly http: number;
  readonly controlPlane: number;
  readonly router: number;
  readonly nats: number;
  /** Of the routers beyond the first. */
  readonly furtherRouters: readonly number[];
}

type Service = Exclude<keyof Ports, "furtherRouters">;

const defaultBase = 7700;
const offsets: Readonly<Record<Service, number>> = { http: 0, controlPlane: 1, router: 2, nats: 4 };

/**
 * The ports from `base` on, all of which must be free; without a base the default ones, each replaced by a free one
 * when it is taken; with base 0 free ones. Routers beyond the first get free ones. Throws PORT_TAKEN.
 */
export async function choosePorts(base: number | undefined, routers = 1): Promise<Ports> {
  const chosen = new Set<number>();
  const choose = async (service: Service): Promise<number> => {
    const wanted = base === 0 ? 0 : (base ?? defaultBase) + offsets[service];
    if (wanted !== 0 && !chosen.has(wanted) && (await isFree(wanted))) {
      chosen.add(wanted);
      return wanted;
    }
    if (base !== undefined && base !== 0) {
      const message = `Port ${wanted} is in use. Choose another --port, or leave it out to take free ports.`;
      throw new CliFailure("PORT_TAKEN", message);
    }
    return chooseFree();
  };
  const chooseFree = async (): Promise<number> => {
    const free = await freePort(chosen);
    chosen.add(free);
    return free;
  };
  const ports = {
    http: await choose("http"),
    controlPlane: await choose("controlPlane"),
    router: await choose("router"),
    nats: await choose("nats"),
  };
  const furtherRouters: number[] = [];
  while (furtherRouters.length < routers - 1) furtherRouters.push(await chooseFree());
  return { ...ports, furtherRouters };
}

async function isFree(port: number): Promise<boolean> {
  return (await listenBriefly(port)) !== undefined;
}

async function freePort(except: ReadonlySet<number>): Promise<number> {
  const port = await listenBriefly(0);
  if (port === undefined) throw new CliFailure("PORT_TAKEN", "There is no free TCP port on 127.0.0.1.");
  return except.has(port) ? freePort(except) : port;
}

/** Listens on a loopback port and lets it go. Undefined when it is taken. */
function listenBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
