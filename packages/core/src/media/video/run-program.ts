import { spawn } from 'node:child_process';
import { findProgram } from './find-program.js';
import { usageOf } from './process-usage.js';

/** Bounds on a program that reads bytes from a stranger. @internal */
export interface ProgramLimits {
  /** Processor time; the time on the clock where that is not known. */
  maxCpuMs: number;
  timeoutMs: number;
  maxMemoryBytes: number;
  maxOutputBytes: number;
}

/** How a program ended by itself. @internal */
export interface ProgramEnd {
  succeeded: boolean;
  output: Buffer;
  /** The beginning of what it complained of. */
  complaints: string;
  /** What it used, at least. */
  cpuMs: number;
}

/** The program was killed, because it went beyond one of its limits. @internal */
export class ProgramOverran extends Error {
  constructor(
    readonly limit: 'time' | 'memory' | 'output',
    readonly cpuMs: number,
  ) {
    super(`The program was killed: ${limit}.`);
  }
}

const watchIntervalMs = 5;
const maxComplaintsBytes = 64 * 2 ** 10;

/**
 * Runs a program without a shell, an environment or an input, and kills it when it goes beyond its
 * limits. On Linux the kernel holds it to them where `prlimit` is installed, and it can write no files.
 * Rejects with {@link ProgramOverran}, the reason of the signal, or what starting it failed with. @internal
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  { cwd, signal, ...limits }: ProgramLimits & { cwd: string; signal: AbortSignal },
): Promise<ProgramEnd> {
  const [command = path, ...rest] = [...(await limiter(limits)), path, ...args];
  signal.throwIfAborted();
  const child = spawn(command, rest, {
    cwd,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const output = new Bytes();
    const complaints = new Bytes();
    let cpuMs = 0;
    let fault: unknown;
    const kill = (reason: unknown) => {
      fault ??= reason;
      child.kill('SIGKILL');
    };
    const overran = (limit: ProgramOverran['limit']) => kill(new ProgramOverran(limit, cpuMs));
    const onAbort = () => kill(signal.reason);
    const look = () => {
      const usage = child.pid === undefined ? undefined : usageOf(child.pid);
      const tookMs = performance.now() - startedAtMs;
      cpuMs = Math.max(cpuMs, usage?.cpuMs ?? (hasUsage ? 0 : tookMs));
      if (cpuMs > limits.maxCpuMs || tookMs > limits.timeoutMs) overran('time');
      else if ((usage?.peakBytes ?? 0) > limits.maxMemoryBytes) overran('memory');
    };
    const watch = setInterval(look, watchIntervalMs);
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (bytes: Buffer) => {
      output.add(bytes);
      if (output.length > limits.maxOutputBytes) overran('output');
    });
    child.stderr.on('data', (bytes: Buffer) => {
      if (complaints.length < maxComplaintsBytes) complaints.add(bytes);
    });
    const settle = () => {
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, killedBy) => {
      settle();
      // The kernel ends what has used up its time by these.
      if (killedBy === 'SIGXCPU' || (killedBy === 'SIGKILL' && fault === undefined))
        fault = new ProgramOverran('time', Math.max(cpuMs, limits.maxCpuMs));
      if (fault !== undefined) return reject(fault);
      const text = complaints.whole().toString('utf8');
      resolve({ succeeded: code === 0, output: output.whole(), complaints: text, cpuMs });
    });
  });
}

const hasUsage = usageOf(process.pid) !== undefined;

/** The command that holds another one to limits; nothing where there is none. */
async function limiter({ maxCpuMs, maxMemoryBytes }: ProgramLimits): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  prlimit ??= findProgram('prlimit');
  const path = await prlimit;
  if (path === undefined) return [];
  const seconds = Math.ceil(maxCpuMs / 1000) + 1;
  return [path, `--data=${maxMemoryBytes}`, `--cpu=${seconds}`, '--fsize=0', '--core=0', '--'];
}

let prlimit: Promise<string | undefined> | undefined;

/** Bytes that come piece by piece. */
class Bytes {
  readonly #pieces: Buffer[] = [];
  length = 0;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
