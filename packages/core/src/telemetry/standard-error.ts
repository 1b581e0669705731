import { writeSync } from 'node:fs';
import type { LogDestination } from './log.js';

const descriptor = 2;
/** How much is kept for a reader that is behind. */
const maxPendingBytes = 2 ** 20;
const retryMs = 50;
const lineFeed = 10;

/**
 * The standard error output as a log, which never fails: where it cannot be written, since a disk is full or nobody
 * reads any more, lines are left out, and their number is logged when it can be written again. pino's own destination
 * emits an error then, which ends the process, and waits for space before the process may exit. @internal
 */
export class StandardError implements LogDestination {
  /** Not written yet, in order. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lostLines = 0;
  /** Only the beginning of the last line was written. */
  #isMidLine = false;

  /** `writeSome` writes the beginning of what it is given, and gives how many bytes. */
  constructor(
    private readonly writeSome = (bytes: Uint8Array): number => writeSync(descriptor, bytes),
  ) {}

  write(line: string): void {
    if (this.#pendingBytes + line.length > maxPendingBytes) {
      this.#lostLines += 1;
      return;
    }
    const isBehind = this.#pending.length > 0;
    const lost = isBehind ? 0 : this.#lostLines;
    const before = `${this.#isMidLine && !isBehind ? '\n' : ''}${lost > 0 ? linesLost(lost) : ''}`;
    const bytes = Buffer.from(before + line);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#lostLines -= lost;
    // Whoever is behind is tried again in a while.
    if (!isBehind) this.#flush(lost);
  }

  #flush(told: number): void {
    try {
      for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
        const written = this.writeSome(next);
        if (written > 0) this.#isMidLine = next[written - 1] !== lineFeed;
        this.#pendingBytes -= written;
        if (written < next.length) this.#pending[0] = next.subarray(written);
        else this.#pending.shift();
      }
    } catch (error) {
      if (isBusy(error)) {
        setTimeout(() => this.#flush(told), retryMs).unref();
        return;
      }
      this.#lostLines += told + this.#pending.length;
      this.#pending = [];
      this.#pendingBytes = 0;
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

function linesLost(lines: number): string {
  const fields = { level: 40, time: Date.now(), pid: process.pid, lines, msg: 'log lines lost' };
  return `${JSON.stringify(fields)}\n`;
}
