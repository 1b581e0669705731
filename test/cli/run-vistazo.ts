import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';

const bin = fileURLToPath(new URL('../../packages/cli/bin/vistazo.js', import.meta.url));

/** What a run of the command line left behind. */
export interface Result {
  code: number | null;
  out: string;
  err: string;
}

/** How the command line is run. */
export interface RunOptions {
  cwd: string;
  /** Standard input; it is closed after it. Default none. */
  input?: string | Uint8Array;
  /** Default: that of this process with `NO_COLOR=1`. */
  env?: Record<string, string | undefined>;
  /** Sent once what it printed contains `after`. */
  signal?: { name: NodeJS.Signals; after: string };
}

/** Runs `vistazo` with these arguments, without a terminal. */
export function runVistazo(
  args: readonly string[],
  { cwd, input = '', env = {}, signal }: RunOptions,
): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    const result: Result = { code: null, out: '', err: '' };
    let waiting = signal;
    const interrupt = () => {
      if (waiting === undefined || !(result.out + result.err).includes(waiting.after)) return;
      child.kill(waiting.name);
      waiting = undefined;
    };
    child.stdout.on('data', (chunk) => {
      result.out += chunk;
      interrupt();
    });
    child.stderr.on('data', (chunk) => {
      result.err += chunk;
      interrupt();
    });
    child.once('close', (code) => resolve({ ...result, code }));
    // A command that does not read its input may have ended.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Runs `vistazo` until it is interrupted, or the test is over. */
export function keepRunning(args: readonly string[], { cwd }: Pick<RunOptions, 'cwd'>) {
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, [bin, ...args], { cwd, env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    /** Resolves once it has printed this. */
    printed: (text: string) =>
      vi.waitFor(() => expect(printed).toContain(text), { timeout: 50_000, interval: 50 }),
    /** Gives the exit code. */
    interrupt: () => {
      child.kill('SIGINT');
      return code;
    },
  };
}
