import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { type LocalMessage, LocalSlack, localWorkspace, whyNoLocalSlack } from './local-slack.ts';

const root = join(import.meta.dirname, '../..');
const example = join(root, 'examples/slack-triage');

/** As the config of the example has them, where newcomers write their own. */
const [team, support, onCall] = ['T0123456789', 'C0123456789', 'C0987654321'];
const ana = 'U0ANA000000';

function workspace() {
  const given = localWorkspace();
  const members = given.channels[0]?.members ?? [];
  return {
    ...given,
    workspace: { ...given.workspace, teamId: team },
    channels: [
      { id: support, name: 'support', members },
      { id: onCall, name: 'on-call', members },
    ],
  };
}

/** The example's config, with a stand-in for Slack. */
const config = ({ apiUrl, origin }: LocalSlack) => `
import example, { slack } from '${pathToFileURL(join(example, 'bot.config.js'))}';
import { createSlackAdapter } from '@vistazo/slack';

const files = {
  hosts: [{ host: '${new URL(origin).host}' }],
  allowAddress: (address) => address === '127.0.0.1',
};
export default {
  ...example,
  adapters: [createSlackAdapter({ ...slack, slackApiUrl: '${apiUrl}', files })],
};
`;

/** A folder as the example's own, where its bot can run; it is for the caller to remove. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-slack-triage-'));
  await copyFile(join(example, 'bot.js'), join(folder, 'bot.js'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const { SLACK_BOT_TOKEN: _, SLACK_APP_TOKEN: __, ...env } = process.env;
const screenshot = await readFile(join(example, 'screenshot.png'));
const reason = whyNoLocalSlack === undefined ? '' : ` (left out: ${whyNoLocalSlack})`;
const buttonSchema = z.looseObject({
  type: z.literal('button'),
  text: z.looseObject({ text: z.string() }),
});
const rowSchema = z.looseObject({ type: z.literal('actions'), block_id: z.string().optional() });

/** Buttons below a message, each as Slack tells of it when it is pressed. */
function buttonsOf(blocks: LocalMessage['blocks'] = []) {
  return blocks.flatMap((block) => {
    const row = rowSchema.safeParse(block).data;
    const elements = z.array(z.unknown()).safeParse(row?.elements).data ?? [];
    return elements
      .flatMap((element) => buttonSchema.safeParse(element).data ?? [])
      .map((button) => ({ ...button, block_id: row?.block_id }));
  });
}

const soon = { timeout: 30_000, interval: 100 };

describe.skipIf(whyNoLocalSlack !== undefined)(
  `examples/slack-triage on local-slack${reason}`,
  () => {
    let local: LocalSlack;
    let bot: ChildProcess;
    let folder: string;

    beforeAll(async () => {
      local = await LocalSlack.start(workspace());
      folder = await newFolder();
      const { botToken, appToken } = local.app;
      const tokens = `SLACK_BOT_TOKEN=${botToken}\nSLACK_APP_TOKEN=${appToken}\n`;
      await writeFile(join(folder, '.env'), tokens);
      await writeFile(join(folder, 'bot.config.js'), config(local));
      bot = spawn(process.execPath, ['bot.js'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let printed = '';
      for (const stream of [bot.stdout, bot.stderr])
        stream?.on('data', (chunk) => {
          printed += chunk;
        });
      await vi.waitFor(() => expect(printed).toContain('bot started'), soon);
    });

    afterAll(async () => {
      const ended = once(bot, 'exit');
      bot.kill('SIGKILL');
      await ended;
      await local.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const textsIn = async (channel: string) =>
      (await local.messages(channel)).map(({ text }) => text);
    /** What the bot says in the thread of the latest screenshot. */
    async function thread() {
      const messages = await local.messages(support);
      const root = messages.findLast(({ files = [] }) => files.length > 0);
      return messages.filter(({ thread_ts, bot_id }) => bot_id && thread_ts === root?.ts);
    }

    /** With the button of the card; where it has none, by the call that it ends with, in a message. */
    async function raiseToCritical(card: LocalMessage | undefined) {
      const { ts = '', blocks, thread_ts = '' } = card ?? {};
      const place = { channel: support, user: ana };
      const correct = buttonsOf(blocks).find(({ text }) => text.text === 'Correct');
      if (correct === undefined) {
        const text = `<@${local.app.botUserId}> /ticket number=1 severity=critical`;
        await local.post({ ...place, thread_ts, text });
        return;
      }
      await local.press({ ...place, messageTs: ts, action: correct });
      await vi.waitFor(async () => expect((await local.views()).modalStack).toHaveLength(1), soon);
      const chosen = { type: 'static_select', selected_option: { value: 'critical' } };
      await local.submit(ana, { 'option severity': { severity: chosen } });
    }

    it('makes a screenshot a ticket that is told of, put right, and known again', async () => {
      const place = { channel: support, user: ana };
      const file = { name: 'screenshot.png', bytes: screenshot };
      await local.post({ ...place, text: 'Is anybody else without mail?' });
      await local.upload({ ...place, text: 'Mail is down for me' }, [file]);
      await expect.poll(thread, soon).toHaveLength(1);
      const [card] = await thread();
      expect(card?.text).toMatch(/^\*Ticket 1\* · Orbit Mail · \*high\* · open/);
      expect(card?.text).toContain('The server did not respond.');
      expect(card?.text).toContain('code E-5031');
      await expect
        .poll(() => textsIn(onCall), soon)
        .toEqual([expect.stringMatching(/^\*Ticket 1\*[\s\S]*From ana\./)]);

      await raiseToCritical(card);
      await expect
        .poll(async () => (await thread()).at(-1)?.text, soon)
        .toMatch(/^\*Ticket 1\* · Orbit Mail · \*critical\*/);

      await local.upload(place, [file]);
      await expect
        .poll(async () => (await thread()).at(-1)?.text, soon)
        .toMatch(/^\*Ticket 2\*[\s\S]*\*Same as ticket 1\* \(2 times since/);
      expect(await textsIn(onCall)).toHaveLength(1);
      expect((await textsIn(support)).filter((text) => text.startsWith('*Ticket'))).toHaveLength(3);
    }, 90_000);
  },
);

describe('examples/slack-triage', () => {
  it('ends with one sentence, which says where the tokens come from, when there are none', async () => {
    const cwd = await newFolder();
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    await copyFile(join(example, 'bot.config.js'), join(cwd, 'bot.config.js'));
    const err = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['bot.js'], { cwd, env }, (_, __, stderr) => resolve(stderr));
    });
    expect(err).toMatch(
      /^The Slack adapter [^\n]+ the token is on the page OAuth & Permissions of your app [^\n]+\.\n$/,
    );
  });
});
