import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A bot in a process of its own, which dies when it is told to and lives again. */
export class MortalBot {
  readonly #worker: string;
  #running: ChildProcess | undefined;

  /** `worker` is a script that says something on its standard output once its bot is on its platform. */
  constructor(worker: string) {
    this.#worker = worker;
  }

  /** Resolves when it is on its platform. */
  async start(args: readonly string[]): Promise<void> {
    const running = spawn(process.execPath, [this.#worker, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#running = running;
    const died = once(running, 'exit').then(([code]) => {
      throw new Error(`The bot ended with ${code} before it was on its platform.`);
    });
    await Promise.race([once(running.stdout, 'data'), died]);
    died.catch(() => {});
  }

  /** With SIGKILL; one that does not live stays as it is. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  }
}
