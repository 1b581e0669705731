import { setTimeout as wait } from 'node:timers/promises';
import { KnownFacts } from './known-facts.js';
import type { CheckedServer } from './model-server.js';
import type { Adjustment } from './request-form.js';
import type { ServerFacts } from './server-facts.js';
import { ServerFailure } from './server-failure.js';

/** The first pause after a failure; each further one of the same server is twice as long. */
const firstPauseMs = 500;
/** A server that wants to be left alone for longer is given up for this answer. */
const longestPauseMs = 60_000;

interface Place {
  server: CheckedServer;
  /** Nobody asks it before, since it failed or said so; in the time of `performance`, which nobody sets back. */
  notBeforeMs: number;
  /** Failures since the last answer. */
  failures: number;
  /** What it refused before. */
  form: Set<Adjustment>;
  facts: KnownFacts;
}

/** One try of an answer: which server to ask, and what came of it. @internal */
export interface Turn {
  server: CheckedServer;
  /** In which form the server takes requests; what is added stays for later answers. */
  form: Set<Adjustment>;
  /** What it says of its model. */
  facts: KnownFacts;
  succeeded(): void;
  /** Throws what a person is told when nothing is left to try. */
  failed(failure: ServerFailure): void;
}

/**
 * Chooses who is asked: the first server that need not be left alone, in the order given. A failure
 * lets a server rest, so that the next one is asked, for this answer and for those that come
 * meanwhile; with a single server the same rule is a retry with back-off. @internal
 */
export class ServerPool {
  readonly #places: Place[];
  readonly #maxRetries: number;

  constructor(servers: readonly CheckedServer[], { maxRetries }: { maxRetries: number }) {
    this.#places = servers.map((server) => ({
      server,
      notBeforeMs: 0,
      failures: 0,
      form: new Set(),
      facts: new KnownFacts(server),
    }));
    this.#maxRetries = maxRetries;
  }

  /** Whether any server can be asked without a pause. */
  get hasReady(): boolean {
    return this.#places.some(({ notBeforeMs }) => notBeforeMs <= performance.now());
  }

  /** What the servers say of their models, as far as that is known. */
  get facts(): ServerFacts[] {
    return this.#places.map(({ facts }) => facts.latest);
  }

  /** Brings {@link facts} up to date. */
  async refreshFacts(): Promise<void> {
    await Promise.all(this.#places.map(({ facts }) => facts.refresh()));
  }

  /** The tries of one answer; an aborted `signal` throws its reason while a server rests. */
  async *turns(signal: AbortSignal): AsyncGenerator<Turn> {
    const triesLeft = new Map(this.#places.map((place) => [place, this.#maxRetries + 1]));
    while (true) {
      const place = this.#next(triesLeft);
      const restMs = place.notBeforeMs - performance.now();
      if (restMs > longestPauseMs) throw new ServerFailure('busy').toVistazoError(hostOf(place));
      if (restMs > 0)
        await wait(restMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      yield {
        server: place.server,
        form: place.form,
        facts: place.facts,
        succeeded: () => {
          place.failures = 0;
          place.notBeforeMs = 0;
        },
        failed: (failure) => {
          rest(place, failure);
          learn(place, failure);
          const left = failure.remedy === 'again' ? (triesLeft.get(place) ?? 1) - 1 : 0;
          const givenUp = left === 0 || place.notBeforeMs - performance.now() > longestPauseMs;
          if (givenUp) triesLeft.delete(place);
          else triesLeft.set(place, left);
          if (failure.remedy === 'never' || triesLeft.size === 0) {
            throw failure.toVistazoError(hostOf(place));
          }
        },
      };
    }
  }

  #next(triesLeft: ReadonlyMap<Place, number>): Place {
    const now = performance.now();
    const able = [...triesLeft.keys()];
    const ready = able.find(({ notBeforeMs }) => notBeforeMs <= now);
    return ready ?? (able.toSorted((a, b) => a.notBeforeMs - b.notBeforeMs)[0] as Place);
  }
}

const hostOf = ({ server }: Place): string => new URL(server.baseUrl).host;

function learn({ facts }: Place, { reason }: ServerFailure): void {
  if (reason === 'noPictures') facts.learn({ images: false });
  if (reason === 'noTools') facts.learn({ tools: false });
  if (reason === 'connection') facts.doubt();
}

function rest(place: Place, { remedy, retryAfterMs }: ServerFailure): void {
  if (remedy !== 'again') return;
  const pauseMs = Math.min(firstPauseMs * 2 ** place.failures, longestPauseMs);
  // Many bots that met the same fault must not come back at the same moment.
  const jittered = pauseMs * (0.5 + Math.random() / 2);
  place.failures += 1;
  place.notBeforeMs = performance.now() + Math.max(retryAfterMs, jittered);
}
