import type { CheckedServer } from './model-server.js';
import { askFacts, type ServerFacts } from './server-facts.js';

/** A server may be started anew with another model. */
const validMs = 600_000;
/** A server that says nothing may still be loading its model. */
const unknownValidMs = 15_000;
/** What a refusal taught. */
const refusalValidMs = 60_000;

/** What is known of one server, asked again now and then. @internal */
export class KnownFacts {
  latest: ServerFacts = {};
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(private readonly server: CheckedServer) {}

  /** Asks the server where nothing is known, or it was long ago. Never throws. */
  refresh(): Promise<void> {
    if (performance.now() < this.#validUntilMs) return Promise.resolve();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Takes what a refusal says. */
  learn(facts: ServerFacts): void {
    this.latest = { ...this.latest, ...facts };
    this.#validUntilMs = performance.now() + refusalValidMs;
  }

  /** The server may be another one when it is back. */
  doubt(): void {
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
  }

  async #ask(): Promise<void> {
    this.latest = await askFacts(this.server);
    const isKnown = Object.keys(this.latest).length > 0;
    this.#validUntilMs = performance.now() + (isKnown ? validMs : unknownValidMs);
  }
}
