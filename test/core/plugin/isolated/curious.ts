import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { definePlugin } from '@vistazo/core';
import { z } from 'zod';

const attempts: Record<string, (path: string) => unknown> = {
  read: (path) => readFile(path),
  write: (path) => writeFile(path, 'mine'),
  spawn: () => spawn('true'),
  environment: () => {
    if (process.env.VISTAZO_TEST_SECRET === undefined)
      throw new Error('There is no such variable.');
  },
};

/** Tries what an isolated plugin must not do, and how it may end. */
export default definePlugin({
  name: 'curious',
  version: '1.0.0',
  config: z.object({ path: z.string() }),
  isolated: true,
  module: import.meta.url,
  setup({ command, config }) {
    command({
      name: 'try',
      description: 'Tries something',
      options: z.object({ what: z.string() }),
      async run({ options, reply }) {
        if (options.what === 'hang') for (;;);
        if (options.what === 'die') process.exit(3);
        if (options.what === 'throw') throw new Error('of itself');
        try {
          await attempts[options.what]?.(config.path);
          reply(`It could ${options.what}.`);
        } catch (error) {
          reply(`It could not ${options.what}: ${error instanceof Error ? error.message : error}`);
        }
      },
    });
  },
});
