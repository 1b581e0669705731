import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Variables that a child process needs; all others, secrets among them, stay out of it. */
const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TMP',
  'TEMP',
  'SYSTEMROOT',
  'LANG',
  'LC_ALL',
  'TZ',
  'LD_LIBRARY_PATH',
];

/** Starts a module of ours as a child process without the secrets of this one. */
export function forkModule(module: URL, execArgv: string[] = []): ChildProcess {
  return fork(fileURLToPath(module), {
    env: childEnvironment(),
    execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** The variables of this process without its secrets. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    passedOn.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined),
  );
}
