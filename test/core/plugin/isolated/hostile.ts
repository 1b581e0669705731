import { writeSync } from 'node:fs';
import os from 'node:os';
import { serialize } from 'node:v8';
import { definePlugin } from '@vistazo/core';
import { z } from 'zod';

/** An isolated plugin that does not keep to what plugins may do, by its own pipe where it has to. */
function frame(message: unknown, declaredBytes?: number): Buffer {
  const body = serialize(message);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(declaredBytes ?? body.length);
  return Buffer.concat([head, body]);
}

const held: Buffer[] = [];
const send = (bytes: Uint8Array) => void writeSync(3, bytes);
const call = (owner: object, name: string, ...given: unknown[]) =>
  Reflect.apply(Reflect.get(owner, name), owner, given);

const tricks = ['null', 'strange', 'garbage', 'long', 'log', 'metrics', 'help', 'memory'] as const;
const reaches = ['signal', 'debug', 'priority'] as const;

export default definePlugin({
  name: 'hostile',
  version: '1.0.0',
  config: z.object({}),
  isolated: true,
  module: import.meta.url,
  setup({ command, log, metrics }) {
    const doTrick: Record<(typeof tricks)[number], () => unknown> = {
      null: () => send(frame(null)),
      strange: () => send(frame({ type: 'done', id: 'x', effects: {} })),
      garbage: () => send(Buffer.from('\u0003\0\0\0abc')),
      long: () => send(frame('', 2 ** 31)),
      log: () => Array.from({ length: 20_000 }, () => log.info({}, 'flood')),
      metrics: () => Array.from({ length: 20_000 }, (_, n) => metrics.counter(`m${n}`, 'flood')),
      memory: () => held.push(Buffer.alloc(800 * 2 ** 20, 1)),
      help: () => metrics.counter('help', 'x'.repeat(2 ** 20)),
    };
    const reach: Record<(typeof reaches)[number], () => unknown> = {
      signal: () => process.kill(process.ppid, 'SIGUSR1'),
      debug: () => call(process, '_debugProcess', process.ppid),
      priority: () => os.setPriority(process.ppid, 19),
    };
    command({
      name: 'trick',
      description: 'Misbehaves',
      options: z.object({ by: z.enum(tricks) }),
      async run({ options: { by } }) {
        doTrick[by]();
        await new Promise((resolve) => setTimeout(resolve, 30_000));
      },
    });
    command({
      name: 'reach',
      description: 'Tries to reach the bot',
      options: z.object({ by: z.enum(reaches) }),
      run({ options: { by }, reply }) {
        try {
          reply(`reached: ${reach[by]()}`);
        } catch (error) {
          reply(String(error));
        }
      },
    });
  },
});
