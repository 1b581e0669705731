import { definePlugin, type ReplyAction } from '@vistazo/core';
import { z } from 'zod';

const next = (to: number): ReplyAction => ({
  label: 'Next',
  command: { name: 'count', options: { to } },
});

/** Does everything that a plugin can, from a process of its own. */
export default definePlugin({
  name: 'busy',
  version: '1.0.0',
  config: z.object({ word: z.string().default('Hello') }),
  isolated: true,
  module: import.meta.url,
  setup({
    onMessage,
    onAnswer,
    onFeedback,
    onForget,
    command,
    prompt,
    tool,
    log,
    metrics,
    schedule,
    route,
    storage,
    announce,
    onStart,
  }) {
    onStart(async () => {
      await storage('tenant').set('started', await storage('tenant').add('first', true));
      return async () => storage('tenant').set('stopped', true);
    });
    prompt(({ author }) => `You speak with ${author.name}.`);
    onMessage('pictures', async ({ pictures: [first], text, generate, reply }) => {
      if (text === 'redact') await first.redacted([]);
      const schema = z.object({ colour: z.enum(['red', 'blue']).transform((name) => name.length) });
      let sure = 0;
      const onConfidence = (confidence: number) => {
        sure = confidence;
      };
      const { colour } = await generate({ schema, prompt: 'Which colour?', onConfidence });
      const hash = await first.perceptualHash();
      const bytes = (await first.bytes()).length > 0 ? 'some' : 'no';
      reply(`${colour} letters in ${bytes} bytes, hash of ${hash?.length}, ${sure * 100} % sure`);
    });
    onMessage(async ({ instructions, config, text, storage: values }, next) => {
      instructions.push(`Say ${config.word}.`);
      await next();
      await values.set('last', text);
    });
    onAnswer(async (answer, next) => {
      await next();
      answer.text = `${answer.text} (${answer.message.config.word})`;
    });
    onFeedback(async ({ rating, storage: values }) => values.set('rating', rating));
    onForget(async ({ reason, config, storage: values }) =>
      values.set('forgotten', `${reason} ${config.word}`),
    );
    command({
      name: 'count',
      description: 'Counts',
      options: z.object({ to: z.int().max(9) }),
      async run({ options, storage: values, reply, ask }) {
        if (options.to === 0) ask('Say zero.');
        else if (options.to < 0) reply('Below.', { actions: [next(options.to + 1)] });
        else if (options.to === 9)
          reply('Too many.', { actions: [{ ...next(9), command: { name: 'die', options: {} } }] });
        else reply(`${options.to}, after ${await values.get('last')}`);
      },
    });
    tool({
      name: 'double',
      description: 'Doubles a number',
      input: z.object({ number: z.number() }),
      run: ({ number }, { callKey }) => ({ doubled: 2 * number, keyed: callKey !== '' }),
    });
    schedule({
      name: 'digest',
      every: 3_600_000,
      run: ({ atMs }) =>
        announce({
          adapter: 'memory',
          tenant: 'tenant',
          conversationKey: 'news',
          key: String(atMs),
          text: `Digest of ${new Date(atMs).toISOString()}`,
          actions: [next(1)],
        }),
    });
    const echoes = metrics.counter('echoes', 'Requests that were echoed.');
    route('POST', '/echo', async (request) => {
      echoes.inc();
      log.warn({ method: request.method }, 'echoed');
      return Response.json({ said: await request.text() }, { status: 201 });
    });
  },
});
