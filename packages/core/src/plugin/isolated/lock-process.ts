import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

/**
 * Takes from this process what the permission model leaves it to reach others with: signals, the debugger's too, and
 * priorities. Runs before any code of the plugin. @internal
 */
export function lockProcess(): void {
  for (const name of ['kill', '_kill', '_debugProcess', '_debugEnd']) lock(process, name);
  lock(os, 'setPriority');
  // A handle that was never started has no process, and would signal whatever its memory says.
  const handle: unknown = Reflect.get(new childProcess.ChildProcess(), '_handle');
  if (typeof handle === 'object' && handle !== null) lock(Object.getPrototypeOf(handle), 'kill');
  syncBuiltinESMExports();
}

function lock(owner: object, name: string): void {
  const value = () => {
    throw new Error(`An isolated plugin cannot call ${name}: it reaches no other process.`);
  };
  Object.defineProperty(owner, name, { value, writable: false, configurable: false });
}
