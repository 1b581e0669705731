import type { CommandDescription } from '@vistazo/core';
import { describe, expect, it, vi } from 'vitest';
import { type Listening, listen } from './listen.ts';

const triage: CommandDescription = {
  name: 'triage',
  description: 'Makes a ticket of a screenshot',
  options: [],
  pictures: 'required',
};

type Thread = { channel: string; threadTs: string };

/** What the thread shows besides messages, once that is so. */
function shows({ fake }: Listening, { channel, threadTs }: Thread, expected: object) {
  return vi.waitFor(() => expect(fake.statusOf(channel, threadTs)).toMatchObject(expected));
}

/** Somebody asks in a thread. */
async function ask({ fake, event }: Listening, user: string, thread: Thread, text: string) {
  const { ts } = fake.people.post({ ...thread, user, text });
  const { tenant, conversationKey, messageId } = await event('message', ts);
  return { tenant, conversationKey, messageId };
}

const working = { signal: AbortSignal.timeout(60_000) };

describe("the assistant's threads on Slack", () => {
  it('begin with a greeting and what could be asked, in the language of the person', async () => {
    const here = await listen({ host: { commands: [triage] } });
    const { fake, ben } = here;
    const thread = fake.assistant.start(ben);
    await shows(here, thread, {
      prompts: [
        { title: 'Describe una imagen' },
        { title: '¿Qué sabes hacer?' },
        { title: 'Makes a ticket of a screenshot' },
      ],
    });
    expect(fake.messages(thread.channel, thread.threadTs).at(-1)?.text).toBe(
      '¡Hola! Enséñame una imagen y pregúntame por ella.',
    );
  });

  it('are greeted once, however often Slack tells of them', async () => {
    const here = await listen();
    const { fake, ana } = here;
    const thread = fake.assistant.start(ana);
    await shows(here, thread, { prompts: [{}, {}] });
    const [told] = fake.outbox.deliveries;
    if (told !== undefined) fake.outbox.again(told);
    fake.assistant.changeContext(ana, thread, here.general);
    await fake.outbox.untilSettled();
    await ask(here, ana, thread, 'Hello');
    const greetings = fake
      .messages(thread.channel, thread.threadTs)
      .filter(({ text }) => text.startsWith('Hello!'));
    expect(greetings).toHaveLength(1);
  });

  it('are conversations of their own, named by their first question', async () => {
    const here = await listen();
    const { fake, ana } = here;
    const [one, two] = [fake.assistant.start(ana), fake.assistant.start(ana)];
    const { conversationKey } = await ask(here, ana, one, 'Which colour\nis the sky?');
    expect(conversationKey).toBe(`${one.channel}:${one.threadTs}`);
    expect((await ask(here, ana, two, 'And this?')).conversationKey).not.toBe(conversationKey);
    await ask(here, ana, one, 'Why is that so?');
    await shows(here, one, { title: 'Which colour is the sky?' });
    expect(fake.api.callsOf('assistant.threads.setTitle')).toHaveLength(2);
  });

  it('show that the bot looks at it, until it answers', async () => {
    const here = await listen();
    const { fake, adapter, ana, general } = here;
    const inAssistant = fake.assistant.start(ana);
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Look.' });
    const mention = `<@${fake.bot.botUserId}> What is it?`;
    const targets = [
      { thread: inAssistant, target: await ask(here, ana, inAssistant, 'What is it?') },
      {
        thread: { channel: general, threadTs: ts },
        target: await ask(here, ana, { channel: general, threadTs: ts }, mention),
      },
    ];
    for (const { thread, target } of targets) {
      await adapter.showWorking?.(target, working);
      await shows(here, thread, { status: 'is looking at it…' });
      await adapter.showWorking?.(target, working);
      const post = { ...target, text: 'The sky.', idempotencyKey: `key-${target.messageId}` };
      await adapter.post(post, { ...working, completes: 'answer' });
      await shows(here, thread, { status: '' });
      await adapter.showWorking?.(target, working);
      await shows(here, thread, { status: '' });
    }
    expect(fake.api.callsOf('assistant.threads.setStatus')).toHaveLength(2);
  });

  it('are answered all the same where the app is no assistant', async () => {
    const here = await listen();
    const { fake, adapter, ana } = here;
    fake.api.intercept(({ method }) =>
      method.startsWith('assistant.')
        ? { body: { ok: false, error: 'missing_scope', needed: 'assistant:write' } }
        : undefined,
    );
    const thread = fake.assistant.start(ana);
    const target = await ask(here, ana, thread, 'What is it?');
    await adapter.showWorking?.(target, working);
    const post = { ...target, text: 'The sky.', idempotencyKey: 'key' };
    await adapter.post(post, { ...working, completes: 'answer' });
    expect(fake.messages(thread.channel, thread.threadTs).at(-1)?.text).toBe('The sky.');
  });
});
