import { vi } from 'vitest';

const leastTimeoutMs = 30_000;

/**
 * Waits long enough for a busy machine: Vitest gives up after a second, and has no setting for that. A wait ends as
 * soon as what it is for is there, so that only failures take longer.
 */
const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (callback, options = {}) => {
  const given = typeof options === 'number' ? { timeout: options } : options;
  const timeout = Math.max(leastTimeoutMs, given.timeout ?? 0);
  return waitFor(callback, { ...given, timeout });
};
