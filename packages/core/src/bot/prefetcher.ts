import type { Adapter } from '../adapter/adapter.js';
import type { MessageEvent } from '../adapter/platform-event.js';
import type { JobStore } from '../store/job-store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { fetchAttachment } from './fetch-attachment.js';

/** Files that are fetched at once. */
const maxAtOnce = 4;

/** A file of a message that waits. */
interface Wanted {
  name: string;
  adapter: Adapter;
  event: MessageEvent;
  url: string;
}

/**
 * Fetches the files of messages as soon as they are accepted, since platforms let their addresses
 * expire, while the messages wait their turn. What fails here is tried again at the turn. @internal
 */
export class Prefetcher {
  readonly #waiting = new Map<string, Wanted>();
  readonly #running = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly jobs: JobStore,
    private readonly limits: { maxPictures: number; maxPictureBytes: number },
    private readonly telemetry: Telemetry,
  ) {}

  add(adapter: Adapter, event: MessageEvent): void {
    for (const { url } of event.attachments.slice(0, this.limits.maxPictures)) {
      const name = nameOf(adapter.name, event, url);
      this.#waiting.set(name, { name, adapter, event, url });
    }
    this.#startSome();
  }

  /** The bytes of a file, if it is being fetched just now; what waits is left to the caller. */
  async take(adapter: string, event: MessageEvent, url: string): Promise<Uint8Array | undefined> {
    const name = nameOf(adapter, event, url);
    this.#waiting.delete(name);
    return this.#running.get(name);
  }

  async stop(): Promise<void> {
    this.#waiting.clear();
    this.#stopping.abort();
    await Promise.all(this.#running.values());
  }

  #startSome(): void {
    for (const wanted of this.#waiting.values()) {
      if (this.#running.size === maxAtOnce) return;
      this.#waiting.delete(wanted.name);
      this.#running.set(wanted.name, this.#fetch(wanted));
    }
  }

  async #fetch({ name, adapter, event, url }: Wanted): Promise<Uint8Array | undefined> {
    const { signal } = this.#stopping;
    const maxBytes = this.limits.maxPictureBytes;
    try {
      const bytes = await fetchAttachment(adapter, url, { maxBytes, signal });
      await this.jobs.keepFile({ adapter: adapter.name, ...event }, url, bytes);
      return bytes;
    } catch (error) {
      if (!signal.aborted) this.telemetry.prefetchFailed(adapter.name, error);
      return undefined;
    } finally {
      this.#running.delete(name);
      this.#startSome();
    }
  }
}

function nameOf(
  adapter: string,
  { tenant, conversationKey, messageId }: MessageEvent,
  url: string,
): string {
  return JSON.stringify([adapter, tenant, conversationKey, messageId, url]);
}
