import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { VistazoError } from '../errors.js';
import { childEnvironment } from './fork-module.js';

/** Number of the pipe in the child process. */
export const framesFd = 3;

/**
 * Starts a module of ours that runs code of others: without the secrets of this process, in a process group of its own,
 * and with a pipe for frames in place of Node's channel, so that this process decides how much it reads.
 */
export function spawnModule(
  module: URL,
  execArgv: readonly string[],
): { child: ChildProcess; pipe: Duplex } {
  const child = spawn(process.execPath, [...execArgv, fileURLToPath(module)], {
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  const pipe = child.stdio[framesFd];
  if (pipe instanceof Duplex) return { child, pipe };
  throw new VistazoError('internal', 'A child process was started without its pipe.');
}
