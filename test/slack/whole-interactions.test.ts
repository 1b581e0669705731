import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBot, openSqliteStore } from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { adapterOn } from './fake-fixture.ts';
import { FakeSlack } from './fake-slack.ts';

/** A whole bot on the fake, whose model is scripted, for as long as the test runs. */
async function startBot(...answers: string[]) {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-slack-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ path: join(folder, 'bot.sqlite') });
  const bot = createBot({
    model: new ScriptedModel(answers),
    store,
    adapters: [adapterOn(fake)],
    log: { level: 'silent' },
    limits: { pollMs: 20 },
  });
  await bot.start();
  onTestFinished(async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  });
  const ana = fake.addPerson('ana');
  const told = (text: string) =>
    vi.waitFor(() => {
      const found = fake.ephemeral(ana).find((each) => each.text.includes(text));
      if (found === undefined) throw new Error(`Nobody was told ${text}`);
      return found;
    }, 20_000);
  return { fake, ana, told };
}

describe('a whole bot on Slack', () => {
  it('answers a command in the channel, says what the model saw, and forgets', async () => {
    const { fake, ana, told } = await startBot('Because it is so.');
    const general = fake.addChannel('general', [ana]);
    await fake.interactions.command(ana, general, '/ask', 'Why?');
    const answer = await vi.waitFor(() => {
      const [message] = fake.messages(general);
      expect(JSON.stringify(message?.blocks)).toContain('vistazo_seen');
      return message;
    }, 20_000);
    expect(answer?.text).toBe('Because it is so.');
    const pressed = { channel: general, ts: answer?.ts ?? '', user: ana };
    await fake.interactions.press({ ...pressed, actionId: 'vistazo_seen' });
    await told('The model saw 0 pictures');
    fake.interactions.openHome(ana);
    const home = () => JSON.stringify(fake.homeOf(ana));
    await vi.waitFor(() => expect(home()).toContain('Because it is so.'), 20_000);
    await fake.interactions.pressInView(ana, 'vistazo_home_forget');
    await vi.waitFor(() => expect(home()).toContain('I have forgotten'), 20_000);
    expect(home()).not.toContain('Because it is so.');
  });

  it('answers a command once where it is not in the channel', async () => {
    const { fake, ana } = await startBot('Because it is so, and so it is.');
    const elsewhere = fake.addChannel('elsewhere', [ana], { withBot: false });
    await fake.interactions.command(ana, elsewhere, '/ask', 'Why?');
    const texts = () => fake.messages(elsewhere).map(({ text }) => text);
    await vi.waitFor(() => expect(texts()).toEqual(['Because it is so, and so it is.']), 20_000);
  });
});
