import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChatEvent } from '../../../packages/core/src/bot/chat-service.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { makeBot, temporaryFolder } from '../bot/bot-fixture.ts';

const writer = fileURLToPath(new URL('./writer.mjs', import.meta.url));
const built = new URL('../../../packages/core/dist/bot/create-chat-service.js', import.meta.url);

type Accepted = Extract<ChatEvent, { type: 'accepted' }>;

/** What the writer said it had accepted before SIGKILL struck it, right after the last of `count`. */
async function acceptedBeforeKill(path: string, id: string, count: number): Promise<Accepted[]> {
  const child = spawn(process.execPath, [writer, path, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  const accepted: Accepted[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    accepted.push(JSON.parse(line));
    if (accepted.length === count) child.kill('SIGKILL');
  }
  expect((await exited)[1]).toBe('SIGKILL');
  return accepted;
}

async function expectPicturesKept(store: Store, { question }: Accepted): Promise<void> {
  expect(question?.pictures).toHaveLength(2);
  for (const { id } of question?.pictures ?? []) {
    const bytes = await store.pictureBytes(id);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(id);
  }
}

describe('after kill -9', () => {
  it('the built package that the killed process runs is there (npm run build)', () => {
    expect(existsSync(built)).toBe(true);
  });

  it.each([1, 2, 5])(
    'of a process that accepted %i messages, all are there and nothing hangs',
    async (count) => {
      const path = join(await temporaryFolder(), 'chat.sqlite');
      const before = await makeBot([], { path });
      const { id } = await before.service.createConversation();
      await before.service.close();
      await before.store.close();
      const accepted = await acceptedBeforeKill(path, id, count);

      const { service, store } = await makeBot([], { path });
      const { messages } = await service.getConversation(id);
      const kept = new Map(messages.map((message) => [message.id, message]));
      expect(accepted.length).toBeGreaterThanOrEqual(count);
      for (const event of accepted) {
        expect(kept.get(event.question?.id ?? event.answer.id)).toEqual(event.question);
        expect(kept.has(event.answer.id)).toBe(true);
        await expectPicturesKept(store, event);
      }
      expect(messages.filter(({ status }) => status === 'running')).toEqual([]);
      expect(messages.at(-1)).toMatchObject({
        role: 'assistant',
        status: 'failed',
        error: { code: 'generation.aborted' },
      });

      for await (const event of service.send(id, { text: 'Still there?' }))
        expect(event.type).not.toBe('failed');
      expect((await service.getConversation(id)).messages.at(-1)).toMatchObject({
        status: 'done',
        text: 'Yes.',
      });
    },
  );
});
