import { describe, expect, it } from 'vitest';
import {
  type ExportFilter,
  exportConversations,
} from '../../../packages/core/src/bot/export-conversations.ts';
import type { ConversationId } from '../../../packages/core/src/conversation/message.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import type { Script } from '../../../packages/core/src/testing/scripted-model.ts';
import { type Bot, makeBot, pictureOf } from './bot-fixture.ts';

const exported = (bot: Bot, filter: ExportFilter = {}) =>
  Array.fromAsync(exportConversations(bot.store, filter));

/** Sends each question and waits for its answer. */
async function converse(
  { service }: Bot,
  questions: { text: string; pictures?: Uint8Array[] }[],
): Promise<ConversationId> {
  const { id } = await service.createConversation();
  for (const { text, pictures = [] } of questions) {
    const message = { text, pictures: pictures.map((bytes) => ({ bytes })) };
    for await (const _ of service.send(id, message));
  }
  return id;
}

const failing: Script = { pieces: [], error: new VistazoError('engine.crashed', 'It died.') };

describe('an export', () => {
  it('has the shown branch in the chat format, with its pictures in order', async () => {
    const bot = await makeBot([{ pieces: ['Two', ' reds.'] }, { pieces: ['No.'] }], {
      systemMessage: 'Be brief.',
    });
    const [red, green] = [await pictureOf(255), await pictureOf(0, 255)];
    const id = await converse(bot, [
      { text: 'What?', pictures: [red, green] },
      { text: 'And this?', pictures: [red] },
    ]);
    const [found, ...others] = await exported(bot);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ id, consent: false });
    expect(found?.messages).toEqual([
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }], rating: null },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Image 1:' },
          { type: 'image' },
          { type: 'text', text: 'Image 2:' },
          { type: 'image' },
          { type: 'text', text: 'What?' },
        ],
        rating: null,
      },
      { role: 'assistant', content: [{ type: 'text', text: 'Two reds.' }], rating: null },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Image 1:' },
          { type: 'image' },
          { type: 'text', text: 'And this?' },
        ],
        rating: null,
      },
      { role: 'assistant', content: [{ type: 'text', text: 'No.' }], rating: null },
    ]);
    const [first, second, third] = found?.pictures ?? [];
    expect(first).toBe(third);
    expect(first).not.toBe(second);
  });

  it('leaves out what failed, and conversations without an answer', async () => {
    const bot = await makeBot([failing, { pieces: ['Yes.'] }, failing]);
    await converse(bot, [{ text: 'Lost?' }, { text: 'Answered?' }]);
    await converse(bot, [{ text: 'Lost too?' }]);
    await bot.service.createConversation();
    const found = await exported(bot);
    expect(found.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      [[{ type: 'text', text: 'Answered?' }], [{ type: 'text', text: 'Yes.' }]],
    ]);
  });

  it('ends at the last answer with the rating asked for', async () => {
    const bot = await makeBot();
    const id = await converse(bot, [{ text: 'One?' }, { text: 'Two?' }, { text: 'Three?' }]);
    await converse(bot, [{ text: 'Not rated?' }]);
    const { messages } = await bot.service.getConversation(id);
    const second = messages[3];
    if (second !== undefined) await bot.service.rate(id, second.id, 'up');
    const found = await exported(bot, { rating: 'up' });
    expect(found.map((each) => each.messages.map(({ rating }) => rating))).toEqual([
      [null, null, null, 'up'],
    ]);
    expect(await exported(bot, { rating: 'down' })).toEqual([]);
  });

  it('has only those whose people agreed, when asked for', async () => {
    const bot = await makeBot();
    const agreed = await converse(bot, [{ text: 'One?' }]);
    const withdrawn = await converse(bot, [{ text: 'Two?' }]);
    await converse(bot, [{ text: 'Three?' }]);
    for (const id of [agreed, withdrawn]) await bot.service.setConsent(id, true);
    await bot.service.setConsent(withdrawn, false);
    const found = await exported(bot, { consented: true });
    expect(found.map(({ id, consent }) => [id, consent])).toEqual([[agreed, true]]);
    expect(await exported(bot)).toHaveLength(3);
  });

  it('keeps to the time asked for', async () => {
    const bot = await makeBot();
    const id = await converse(bot, [{ text: 'One?' }]);
    const { updatedAtMs } = await bot.service.getConversation(id);
    expect(await exported(bot, { sinceMs: updatedAtMs })).toHaveLength(1);
    expect(await exported(bot, { sinceMs: updatedAtMs + 1 })).toEqual([]);
    expect(await exported(bot, { untilMs: updatedAtMs + 1 })).toHaveLength(1);
    expect(await exported(bot, { untilMs: updatedAtMs })).toEqual([]);
  });

  it('has nothing of another tenant', async () => {
    const bot = await makeBot();
    await converse(bot, [{ text: 'Ours?' }]);
    expect(await Array.fromAsync(exportConversations(bot.store.forTenant('other')))).toEqual([]);
  });
});
