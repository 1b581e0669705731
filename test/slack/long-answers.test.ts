import { createBot, openSqliteStore } from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';
import { createSlackAdapter } from '@vistazo/slack';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SlackMessage } from './fake/workspace.ts';
import { FakeSlack } from './fake-slack.ts';
import { buttonsOf } from './sending-fixture.ts';

/** What a bot on the fake of Slack answers by a script. */
async function answersOf(pieces: readonly string[], streaming: 'native' | 'edits') {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const ana = fake.addPerson('Ana');
  const channel = fake.addChannel('general', [ana]);
  const gate = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
  const store = await openSqliteStore({ path: ':memory:' });
  const bot = createBot({
    model: new ScriptedModel([{ pieces, gate }]),
    store,
    adapters: [
      createSlackAdapter({
        botToken: fake.bot.botToken,
        appToken: fake.appToken,
        slackApiUrl: fake.apiUrl,
        notify: () => {},
        streaming,
      }),
    ],
    log: { level: 'silent' },
  });
  await bot.start();
  onTestFinished(async () => {
    await bot.stop();
    await store.close();
  });
  const text = `<@${fake.bot.botUserId}> Well?`;
  const { ts } = fake.people.post({ channel, user: ana, text });
  const answers = (): SlackMessage[] =>
    fake.messages(channel, ts).filter(({ user }) => user === fake.bot.botUserId);
  const buttons = () => answers().flatMap(buttonsOf);
  await expect.poll(buttons, { timeout: 30_000 }).toContain('vistazo_rate');
  return { fake, answers: answers() };
}

describe.each(['native', 'edits'] as const)('a bot on Slack, streaming: %s', (streaming) => {
  it('goes on in further messages where an answer is long, with buttons below the last', async () => {
    const paragraphs = Array.from({ length: 12 }, (_, index) => `${index} ${'word '.repeat(100)}`);
    const pieces = paragraphs.map((paragraph) => `${paragraph.trim()}\n\n`);
    const { answers } = await answersOf(pieces, streaming);
    expect(answers.length).toBeGreaterThan(2);
    const said = answers.map(({ text, blocks }) => textOf(blocks) || text).join('\n\n');
    expect(said.split(/\s+/).filter(Boolean)).toEqual(pieces.join('').split(/\s+/).filter(Boolean));
    const withButtons = answers.map((answer) => buttonsOf(answer).length > 0);
    expect(withButtons).toEqual(answers.map((_, index) => index === answers.length - 1));
    expect(answers.filter(({ streaming_state }) => streaming_state === 'in_progress')).toEqual([]);
  });

  it('mentions nobody, also while the answer streams', async () => {
    const pieces = ['Hello <!cha', 'nnel> and <@U1', '23> and <!here> and', ' all <#C1> others'];
    const { fake, answers } = await answersOf(pieces, streaming);
    const sent = fake.api.calls.map(({ args }) => `${args.text ?? ''}${args.markdown_text ?? ''}`);
    expect(answers).toHaveLength(1);
    expect(sent.join('\n')).not.toMatch(/<[!@#]/);
  });
});

/** What the sections of a message say. */
function textOf(blocks: readonly unknown[] = []): string {
  return [...JSON.stringify(blocks).matchAll(/"type":"mrkdwn","text":"((?:[^"\\]|\\.)*)"/g)]
    .map(([, text = '']) => JSON.parse(`"${text}"`))
    .join('\n');
}
