import type { EventQueue } from "../event-queue.ts";
import type { Network } from "./network.ts";

/** One side of a stream. */
export interface StreamEnd<Message> {
  readonly name: string;
  receive(message: Message): void;
  /** The stream is over; nothing comes after this. Called once. */
  closed(): void;
}

/** A stream between a router and an agent: in order and without loss until it breaks; what is on its way then is lost. */
export class SimulatedStream<ToAgent, ToRouter> {
  readonly #queue: EventQueue;
  readonly #network: Network;
  readonly #router: StreamEnd<ToRouter>;
  readonly #agent: StreamEnd<ToAgent>;
  #reachesRouterAt = 0;
  #reachesAgentAt = 0;
  #isOpen = true;
  /** The agent has spoken on it: it knows of it. */
  #isAttached = false;

  constructor(queue: EventQueue, network: Network, router: StreamEnd<ToRouter>, agent: StreamEnd<ToAgent>) {
    this.#queue = queue;
    this.#network = network;
    this.#router = router;
    this.#agent = agent;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  toAgent(message: ToAgent): void {
    if (!this.#isOpen) return;
    const delayMs = this.#network.stream(this.#router.name, this.#agent.name);
    // Agents answer later, never from within: without a delay there is no need to wait for one's turn.
    if (delayMs === 0 && this.#reachesAgentAt <= this.#queue.nowMs && this.#isAttached)
      return this.#agent.receive(message);
    this.#reachesAgentAt = Math.max(this.#reachesAgentAt, this.#queue.nowMs + delayMs);
    this.#queue.at(this.#reachesAgentAt, () => {
      if (this.#isOpen) this.#agent.receive(message);
    });
  }

  toRouter(message: ToRouter): void {
    if (!this.#isOpen) return;
    this.#isAttached = true;
    const delayMs = this.#network.stream(this.#agent.name, this.#router.name);
    this.#reachesRouterAt = Math.max(this.#reachesRouterAt, this.#queue.nowMs + delayMs);
    this.#queue.at(this.#reachesRouterAt, () => {
      if (this.#isOpen) this.#router.receive(message);
    });
  }

  /** Breaks it. Either side notices after a delay of its own. */
  break(routerNoticesMs = 0, agentNoticesMs = 0): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#queue.after(routerNoticesMs, () => this.#router.closed());
    this.#queue.after(agentNoticesMs, () => this.#agent.closed());
  }
}
