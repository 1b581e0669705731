/** Waits; throws the reason of the signal when it is aborted meanwhile. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (durationMs <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, durationMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
