import { VistazoError } from '../errors.js';
import type { PictureLimits } from './picture-limits.js';

/** Within it a decoder fills some ten megabytes. */
const intervalMs = 5;
/** A process that holds this much more than when it began is replaced: allocators keep what they once had. */
const wornOutBytes = 192 * 2 ** 20;

const idleBytes = process.memoryUsage.rss();

/**
 * Rejects when this process has used more processor time since now than one picture may, or holds
 * more memory.
 * Decoding runs in threads of its own, so that this one is free to look; what it cannot stop must be
 * killed from outside. @internal
 */
export function watchResources(limits: PictureLimits): { exceeded: Promise<never>; end(): void } {
  const cpuBefore = process.cpuUsage();
  let timer: NodeJS.Timeout | undefined;
  const exceeded = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const fault = faultOf(limits, cpuBefore);
      if (fault !== undefined) reject(fault);
    }, intervalMs);
  });
  return { exceeded, end: () => clearInterval(timer) };
}

function faultOf(
  { maxCpuMs, maxMemoryBytes }: PictureLimits,
  before: NodeJS.CpuUsage,
): VistazoError | undefined {
  const { user, system } = process.cpuUsage(before);
  if ((user + system) / 1000 > maxCpuMs) {
    return new VistazoError(
      'picture.timeout',
      `Decoding the file took more than ${maxCpuMs / 1000} s of processor time and was stopped; send a smaller one.`,
    );
  }
  if (process.memoryUsage.rss() > maxMemoryBytes) {
    return new VistazoError(
      'picture.tooLarge',
      `Decoding the file took more than ${Math.round(maxMemoryBytes / 2 ** 20)} MB of memory and was stopped; send a smaller one.`,
    );
  }
  return undefined;
}

/** Whether the next picture should find a new process. @internal */
export function isWornOut(): boolean {
  return process.memoryUsage.rss() - idleBytes > wornOutBytes;
}
