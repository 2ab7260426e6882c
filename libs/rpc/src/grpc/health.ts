import { Health, ServingStatus } from "@hearth/proto";
import { ServerError, Status } from "nice-grpc-common";
import { service, type MountedService } from "../service.ts";

/** Health checking of the server as a whole, which has no name. It serves from the start. */
export class ServerHealth {
  #status = ServingStatus.SERVING;
  #changed = Promise.withResolvers<void>();

  readonly mounted: MountedService = service(Health, {
    check: ({ service: name }) => {
      if (name !== "") throw new ServerError(Status.NOT_FOUND, `There is no service "${name}".`);
      return Promise.resolve({ status: this.#status });
    },
    watch: ({ service: name }, { signal }) => this.#watch(name, signal),
  });

  setServing(serving: boolean): void {
    this.#status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async *#watch(name: string, signal: AbortSignal): AsyncGenerator<{ status: ServingStatus }> {
    const left = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => left.resolve());
    let told: ServingStatus | undefined;
    while (!signal.aborted) {
      const changed = this.#changed.promise;
      const status = name === "" ? this.#status : ServingStatus.SERVICE_UNKNOWN;
      if (status !== told) yield { status: (told = status) };
      await Promise.race([changed, left.promise]);
    }
  }
}
