import { Health, ServingStatus } from "@hearth/proto";
import { ServerError, Status } from "nice-grpc-common";
import { service, type MountedService } from "../service.ts";

/** Health checking of the server as a whole, which has no name. It serves from the start. */
export class ServerHealth {
  #status = ServingStatus.SERVING;
  readonly #watchers = new Set<() => void>();

  readonly mounted: MountedService = service(Health, {
    check: ({ service: name }) => {
      if (name !== "") throw new ServerError(Status.NOT_FOUND, `There is no service "${name}".`);
      return Promise.resolve({ status: this.#status });
    },
    watch: ({ service: name }, { signal }) => this.#watch(name, signal),
  });

  setServing(serving: boolean): void {
    this.#status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    this.#watchers.forEach((wake) => wake());
  }

  async *#watch(name: string, signal: AbortSignal): AsyncGenerator<{ status: ServingStatus }> {
    let changed = Promise.withResolvers<void>();
    const wake = (): void => changed.resolve();
    this.#watchers.add(wake);
    signal.addEventListener("abort", wake);
    let told: ServingStatus | undefined;
    try {
      while (!signal.aborted) {
        changed = Promise.withResolvers();
        const status = name === "" ? this.#status : ServingStatus.SERVICE_UNKNOWN;
        if (status !== told) yield { status: (told = status) };
        await changed.promise;
      }
    } finally {
      this.#watchers.delete(wake);
    }
  }
}
