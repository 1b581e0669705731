import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('errors that nobody catches end no bot, name the plugin that let them slip, and leave it out', async () => {
  const script = fileURLToPath(new URL('./unhandled-faults.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const slipped = (what: string) => [
    'fault of careless: The plugin careless failed: slipped',
    `${what}: Yes.`,
  ];
  expect(stdout.trim().split('\n')).toEqual([
    'fault of careless: The plugin careless failed: slipped at the start',
    ...slipped('forgotten await'),
    ...slipped('forgotten await later'),
    ...slipped('thrown in a timer'),
    ...slipped('error event'),
    expect.stringMatching(/^fault of careless: The plugin careless failed: connect E/),
    'error event of a socket: Yes.',
    '/slow: Slow.',
    'unhandled 2, quoted false',
    'listeners left 0',
  ]);
});
