import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Twin } from './twin-fixture.ts';

const worker = join(import.meta.dirname, 'kill-worker.ts');
const kills = 10;

describe('a bot on discord-digital-twin that is killed', () => {
  it('leaves no message unanswered, those posted while it was away too, and answers none twice', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    const folder = await mkdtemp(join(tmpdir(), 'vistazo-kill-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    let running: ChildProcess | undefined;
    onTestFinished(() => void running?.kill('SIGKILL'));

    const start = async () => {
      const { front, digital } = twin;
      const args = [worker, `${front.origin}/api`, digital.botToken, join(folder, 'bot.sqlite')];
      running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      if (running.stdout !== null) await once(running.stdout, 'data');
      return running;
    };
    const asked: { id: string; text: string }[] = [];
    const ask = async (by: string) => {
      const text = `Question ${asked.length}?`;
      asked.push({ id: await twin.ask(text, { by }), text });
    };

    // Channels where nobody asked before are not looked at.
    const first = await start();
    await ask(twin.ana);
    await vi.waitFor(async () => expect(await twin.posts()).not.toEqual([]), 20_000);
    first.kill('SIGKILL');
    await once(first, 'exit');

    for (let kill = 0; kill < kills; kill++) {
      const bot = await start();
      await ask(twin.ana);
      await ask(twin.ben);
      // Somewhere between the first word and the last of the two answers.
      await new Promise((resolve) => setTimeout(resolve, 60 * (kill + 1)));
      bot.kill('SIGKILL');
      await once(bot, 'exit');
      await ask(twin.ana);
    }
    await start();
    await vi.waitFor(
      async () => {
        const posts = await twin.posts();
        const answers = asked.map(({ id }) =>
          posts
            .filter(({ message_reference }) => message_reference?.message_id === id)
            .map(({ content }) => content),
        );
        expect(answers).toEqual(asked.map(({ text }) => [`You asked: ${text} That is all.`]));
      },
      { timeout: 90_000, interval: 500 },
    );
  }, 150_000);
});
