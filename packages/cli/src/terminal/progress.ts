import { Presets, SingleBar } from 'cli-progress';

const showAfterMs = 1000;

/** Shows how far a piece of work is; silent where nobody watches. */
export interface Progress {
  /** `done` of `total` in the same unit; a `label` says what is being done. */
  update(done: number, total: number, label: string): void;
  /** Removes the bar. */
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/** A bar on `stream` that appears once the work has taken longer than a second; silent without a terminal. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? barOn(stream) : silent;
}

function barOn(stream: NodeJS.WriteStream): Progress {
  const startedAt = performance.now();
  const bar = new SingleBar(
    { stream, format: '{label} [{bar}] {percentage}%', clearOnComplete: true, hideCursor: true },
    Presets.legacy,
  );
  let shown = false;
  return {
    update(done, total, label) {
      if (!shown && performance.now() - startedAt < showAfterMs) return;
      if (!shown) bar.start(total, done, { label });
      shown = true;
      bar.setTotal(total);
      bar.update(done, { label });
    },
    stop: () => {
      if (shown) bar.stop();
      shown = false;
    },
  };
}
