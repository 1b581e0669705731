import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { definePlugin } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { z } from 'zod';

/**
 * A bot in a process of its own, as test runners listen to what nobody catches. Its plugin lets slip whatever a message
 * names. Prints what it answers and reports, and `alive` at the end.
 */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

const slips: Record<string, () => void> = {
  'forgotten await': () => void Promise.reject(new Error('slipped')),
  'forgotten await later': () =>
    void (async () => {
      await null;
      throw new Error('slipped');
    })(),
  'thrown in a timer': () =>
    void setTimeout(() => {
      throw new Error('slipped');
    }, 1),
  'error event': () =>
    void setTimeout(() => new EventEmitter().emit('error', new Error('slipped')), 1),
  'error event of a socket': () => void connect(1, '127.0.0.1'),
};

const careless = definePlugin({
  name: 'careless',
  version: '1.0.0',
  config: z.object({}),
  setup({ onMessage, command, onStart }) {
    onStart(async () => {
      setTimeout(() => Promise.reject(new Error('slipped at the start')), 1);
      return undefined;
    });
    command({
      name: 'slow',
      description: 'Takes a moment',
      async run({ reply }) {
        await pause();
        reply('Slow.');
      },
    });
    onMessage(async ({ text, reply }, next) => {
      slips[text]?.();
      // Without `await`: the command is waited for all the same.
      if (text.startsWith('/slow')) return void next();
      if (slips[text] === undefined) return next();
      await pause();
      reply('not reached');
    });
  },
});

const lines: string[] = [];
const bot = await createTestBot({
  plugins: [careless({})],
  onPluginFault: (plugin, { message }) => console.log(`fault of ${plugin}: ${message}`),
  log: { destination: { write: (line) => void lines.push(line) } },
});
await pause();
for (const text of [...Object.keys(slips), '/slow']) console.log(`${text}: ${await bot.ask(text)}`);
Promise.reject(new Error('of nobody'));
new EventEmitter().emit.call(process, 'unhandledRejection', new Error('secret'), Promise.resolve());
await pause();
const unhandled = lines.filter((line) => line.includes('fault unhandled'));
console.log(`unhandled ${unhandled.length}, quoted ${unhandled.join('').includes('secret')}`);
await bot.close();
console.log(`listeners left ${process.listenerCount('unhandledRejection')}`);
