/** Tells the time and wakes at one; a test can give its own. */
export interface Clock {
  /** In milliseconds since 1970. */
  nowMs(): number;
  /** Calls `act` once after `delayMs`; what it gives cancels that. */
  after(delayMs: number, act: () => void | Promise<void>): () => void;
}

/** Longest delay of a timer of Node. */
const maxDelayMs = 2 ** 31 - 1;

/** The clock of the machine; its timers keep no process alive. @internal */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, act) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const step = Math.min(leftMs, maxDelayMs);
      timer = setTimeout(() => (leftMs > step ? wait(leftMs - step) : void act()), step).unref();
    };
    wait(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
