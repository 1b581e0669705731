import { readFileSync } from 'node:fs';

/** What a process has used so far. @internal */
export interface ProcessUsage {
  cpuMs: number;
  /** Most memory that it held at once. */
  peakBytes: number;
}

/** Linux counts in hundredths of a second on every architecture. */
const msPerTick = 10;

/** What a process has used, on Linux; undefined elsewhere, and when it has ended. @internal */
export function usageOf(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Its name, in brackets, may hold spaces; user and system time are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuMs: ticks * msPerTick, peakBytes: peakKb * 1024 };
  } catch {
    return undefined;
  }
}
