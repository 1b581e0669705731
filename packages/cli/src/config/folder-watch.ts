import { type FSWatcher, watch } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Editors write a file in several steps. */
const settleMs = 100;
const moduleName = /\.(m?js|m?ts|json)$/;

/** Waits for changes of modules in some folders; one that comes while nobody waits is not lost. */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  #changed = Promise.withResolvers<void>();

  /** Watches a folder, without those in it. */
  add(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      if (name === null || moduleName.test(name)) this.#changed.resolve();
    });
    // Such as when the folder is gone; what is there of it is seen by the next load.
    watcher.on('error', () => this.#changed.resolve());
    this.#watchers.set(folder, watcher);
  }

  /** Resolves when something was changed since it resolved last. Throws when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([this.#changed.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    await pause(settleMs, undefined, { signal });
    this.#changed = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}
