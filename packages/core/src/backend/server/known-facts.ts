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
  #wasAsked = false;
  #asking: Promise<void> | undefined;

  constructor(private readonly server: CheckedServer) {}

  /**
   * Asks the server where it was never asked, or long ago. Only what was never asked is waited for: nobody
   * waits again and again for a server that says nothing. Never throws.
   */
  async refresh(): Promise<void> {
    if (performance.now() < this.#validUntilMs) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    if (!this.#wasAsked) await this.#asking;
  }

  /** Takes what a refusal says. */
  learn(facts: ServerFacts): void {
    this.latest = { ...this.latest, ...facts };
    this.#validUntilMs = performance.now() + refusalValidMs;
  }

  /** The server may be another one when it is back. */
  doubt(): void {
    this.#wasAsked = false;
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
  }

  async #ask(): Promise<void> {
    this.latest = await askFacts(this.server);
    this.#wasAsked = true;
    const isKnown = Object.keys(this.latest).length > 0;
    this.#validUntilMs = performance.now() + (isKnown ? validMs : unknownValidMs);
  }
}
