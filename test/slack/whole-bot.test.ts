import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBot, openSqliteStore } from '@vistazo/core';
import { type Script, ScriptedModel } from '@vistazo/core/testing';
import { imageQa, triage } from '@vistazo/plugins';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { fakeFiles, startFake } from './hearing.ts';
import { LocalSlack, localWorkspace, whyNoLocalSlack } from './local-slack.ts';

const red = await sharp({
  create: { width: 8, height: 8, channels: 3, background: { r: 255, g: 0, b: 0 } },
})
  .png()
  .toBuffer();

/** A whole bot on Slack: real Bolt, real store, real media process; the model is scripted. */
async function startBot(scripts: (Script | string)[], options: SlackAdapterOptions, path?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-slack-'));
  const file = path ?? join(folder, 'bot.sqlite');
  const model = new ScriptedModel(scripts);
  const store = await openSqliteStore({ path: file });
  const bot = createBot({
    model,
    store,
    adapters: [createSlackAdapter({ notify: () => {}, ...options })],
    plugins: [imageQa({}), triage({ conversations: ['nowhere'] })],
    log: { level: 'silent' },
    limits: { pollMs: 20 },
  });
  await bot.start();
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  onTestFinished(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
  return { model, store, path: file, idle, stop };
}

/** What a prompt says, and how many pictures it brings. */
const promptOf = (model: ScriptedModel, index: number) => JSON.stringify(model.prompts[index]);
const picturesIn = (prompt: string) => prompt.split('"type":"image"').length - 1;

const reason = whyNoLocalSlack === undefined ? '' : ` (left out: ${whyNoLocalSlack})`;

describe.skipIf(whyNoLocalSlack !== undefined).each(['Socket Mode', 'HTTP'])(
  `a whole bot on local-slack over %s${reason}`,
  (connection) => {
    const [channel, ana, ben] = ['C0SUPPORT00', 'U0ANA000000', 'U0BEN000000'];
    let local: LocalSlack;
    let options: SlackAdapterOptions;
    let bot: string;

    beforeAll(async () => {
      const port = await freePort();
      const isHttp = connection === 'HTTP';
      const requestUrl = `http://127.0.0.1:${port}/slack/events`;
      local = await LocalSlack.start(localWorkspace(isHttp ? { mode: 'events', requestUrl } : {}));
      const { app } = local;
      bot = `<@${app.botUserId}>`;
      options = {
        botToken: app.botToken,
        ...(isHttp
          ? { signingSecret: app.signingSecret, http: { port } }
          : { appToken: app.appToken }),
        slackApiUrl: local.apiUrl,
        files: {
          hosts: [{ host: `127.0.0.1:${local.port}` }],
          allowAddress: (address) => address === '127.0.0.1',
        },
        streaming: 'edits',
      };
    });
    afterAll(async () => {
      await local.stop();
    });

    /** What the bot says in a thread, once it says that. */
    const answers = (threadTs: string | undefined, expected: readonly string[]) =>
      vi.waitFor(
        async () => {
          const said = (await local.messages(channel)).filter(
            ({ bot_id, thread_ts }) => bot_id !== undefined && thread_ts === threadTs,
          );
          expect(said.map(({ text }) => text)).toEqual(expected);
        },
        { timeout: 20_000, interval: 50 },
      );

    it('looks at a screenshot, answers in the thread, and goes on there after a restart', async () => {
      const first = await startBot(['Red, I see.'], options);
      const file = { name: 'screen.png', bytes: red };
      await local.upload({ channel, user: ana, text: `${bot} Which colour?` }, [file]);
      const asked = (await local.messages(channel)).findLast(({ user }) => user === ana);
      await answers(asked?.ts, ['Red, I see.']);
      expect(picturesIn(promptOf(first.model, 0))).toBe(1);
      expect(promptOf(first.model, 0)).toContain('Which colour?');
      await first.idle();
      await first.stop();
      const second = await startBot(['As sure as can be.'], options, first.path);
      await local.post({ channel, user: ana, text: 'Sure?', thread_ts: asked?.ts ?? '' });
      await answers(asked?.ts, ['Red, I see.', 'As sure as can be.']);
      const prompt = promptOf(second.model, 0);
      expect([picturesIn(prompt), prompt.includes('Red, I see.')]).toEqual([1, true]);
      await second.idle();
    });

    it('looks at the picture of the thread that it is asked in, and says whose it is', async () => {
      const { model, idle } = await startBot(['A red one.'], options);
      const file = { name: 'drawing.png', bytes: red };
      await local.upload({ channel, user: ben, text: 'My drawing' }, [file]);
      const root = (await local.messages(channel)).findLast(({ user }) => user === ben);
      const thread_ts = root?.ts ?? '';
      await local.post({ channel, user: ana, text: `${bot} What is it?`, thread_ts });
      await answers(root?.ts, ['A red one.']);
      const prompt = promptOf(model, 0);
      expect(picturesIn(prompt)).toBe(1);
      for (const words of ['drawing.png', 'ben', 'My drawing']) expect(prompt).toContain(words);
      await idle();
    });

    it('answers a changed question anew, and takes the answer to a deleted one away', async () => {
      const { idle } = await startBot(['Red.', 'A square.'], options);
      const { ts } = await local.post({ channel, user: ana, text: `${bot} Which colour?` });
      await answers(ts, ['Red.']);
      await idle();
      await local.edit({ channel, ts, user: ana, text: `${bot} Which form?` });
      await answers(ts, ['A square.']);
      await idle();
      await local.delete({ channel, ts, user: ana });
      await answers(ts, []);
    });
  },
);

describe('a whole bot on the fake of Slack', () => {
  it('answers anew with the pictures of a thread of which Slack tells late', async () => {
    const { fake, ana, ben, channel } = await startFake();
    const { members } = fake.world.channel(channel);
    members.delete(fake.bot.botUserId);
    const files = [{ name: 'drawing.png', bytes: red }];
    const root = fake.people.post({ channel, user: ben, text: 'My drawing', files });
    members.add(fake.bot.botUserId);
    const { model, idle } = await startBot(['Which picture?', 'It is red.'], {
      botToken: fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
      files: fakeFiles(fake),
    });
    const told = Promise.withResolvers<undefined>();
    fake.api.intercept(({ method }) =>
      method === 'conversations.replies' ? told.promise : undefined,
    );
    const text = `<@${fake.bot.botUserId}> Which colour?`;
    fake.people.post({ channel, user: ana, text, threadTs: root.ts });
    const answers = () =>
      fake.messages(channel, root.ts).filter(({ bot_id }) => bot_id !== undefined);
    await vi.waitFor(
      () => expect(answers().map((each) => each.text)).toEqual(['Which picture?']),
      10_000,
    );
    await idle();
    told.resolve(undefined);
    await vi.waitFor(
      () => expect(answers().map((each) => each.text)).toEqual(['It is red.']),
      10_000,
    );
    await idle();
    expect(model.prompts.map((_, index) => picturesIn(promptOf(model, index)))).toEqual([0, 1]);
    expect(promptOf(model, 1)).toContain('My drawing');
  });

  it('says in the thread what is the matter with a file, and goes on when that is mended', async () => {
    const { fake, ana, channel } = await startFake();
    fake.bot.scopes.delete('files:read');
    const { model, idle } = await startBot(['Red.'], {
      botToken: fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
      files: fakeFiles(fake),
    });
    const mention = `<@${fake.bot.botUserId}>`;
    const asked = async (question: string, name: string, expected: string) => {
      const files = [{ name, bytes: red }];
      const text = `${mention} ${question}`;
      const { ts } = fake.people.post({ channel, user: ana, text, files });
      await vi.waitFor(() => {
        const said = fake.messages(channel, ts).filter(({ bot_id }) => bot_id !== undefined);
        expect(said.map((each) => each.text)).toEqual([expected]);
      }, 10_000);
    };
    const sentence =
      'I may not read files here: whoever manages the app can give it the scope files:read.';
    await asked('', 'lost.png', `lost.png: ${sentence}`);
    fake.bot.scopes.add('files:read');
    await asked('Which colour?', 'seen.png', 'Red.');
    expect(picturesIn(promptOf(model, 0))).toBe(1);
    await idle();
  });

  it('takes a command that is written behind a mention, as in threads, where Slack has none', async () => {
    const { fake, ana, channel } = await startFake();
    const { model, idle } = await startBot([], {
      botToken: fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
    });
    const { ts } = fake.people.post({ channel, user: ana, text: 'My drawing' });
    const text = `<@${fake.bot.botUserId}> /tickets`;
    fake.people.post({ channel, user: ana, text, threadTs: ts });
    await vi.waitFor(() => {
      const said = fake.messages(channel, ts).filter(({ bot_id }) => bot_id !== undefined);
      expect(said.map((each) => each.text)).toEqual(['There are none.']);
    }, 10_000);
    await idle();
    expect(model.prompts).toEqual([]);
  });
});
