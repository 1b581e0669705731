import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../packages/core/src/conversation/conversation.ts';
import type { Message, MessageId } from '../../../packages/core/src/conversation/message.ts';
import { pictureOf, textPart } from './message-fixture.ts';

const say =
  (role: Message['role'], text: string) =>
  (place: Pick<Message, 'id' | 'parentId' | 'createdAtMs'>): Message => ({
    ...place,
    role,
    parts: [textPart(text)],
  });

const textsOf = (messages: readonly Message[]) =>
  messages.flatMap(({ parts }) =>
    parts.map((part) => (part.type === 'text' ? part.text : 'picture')),
  );

function talk() {
  const conversation = new Conversation();
  const question = conversation.append(say('user', 'Q1'));
  const answer = conversation.append(say('assistant', 'A1'));
  conversation.append(say('user', 'Q2'));
  conversation.append(say('assistant', 'A2'));
  return { conversation, question, answer };
}

describe('a conversation', () => {
  it('turns into the chat format, system message first, pictures where they were posted', () => {
    const conversation = new Conversation({ systemMessage: 'Be brief.' });
    const [red, blue] = [pictureOf('red'), pictureOf('blue')];
    conversation.append((place) => ({
      ...place,
      role: 'user',
      parts: [red, textPart('and'), blue],
    }));
    conversation.append(say('assistant', 'A1'));
    conversation.append((place) => ({ ...place, role: 'user', parts: [red] }));
    expect(conversation.toChatMessages()).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Image 1:' },
          { type: 'image', image: red.image },
          { type: 'text', text: 'and' },
          { type: 'text', text: 'Image 2:' },
          { type: 'image', image: blue.image },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'A1' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Image 1:' },
          { type: 'image', image: red.image },
        ],
      },
    ]);
  });

  it('keeps what followed a question when that is edited, and goes back to it', () => {
    const { conversation, question } = talk();
    const edited = conversation.edit(question.id, say('user', 'Q1 again'));
    expect(textsOf(conversation.shown)).toEqual(['Q1 again']);
    expect(conversation.versions(edited.id)).toEqual([question.id, edited.id]);
    conversation.show(question.id);
    expect(textsOf(conversation.shown)).toEqual(['Q1', 'A1', 'Q2', 'A2']);
  });

  it('shows the newest way on from a version', () => {
    const { conversation, answer } = talk();
    const other = conversation.regenerate(answer.id, say('assistant', 'B1'));
    conversation.append(say('user', 'Q3'));
    conversation.show(answer.id);
    conversation.show(other.id);
    expect(textsOf(conversation.shown)).toEqual(['Q1', 'B1', 'Q3']);
  });

  it('shows the newest other version where the shown one was deleted', () => {
    const { conversation, answer } = talk();
    conversation.regenerate(answer.id, say('assistant', 'B1'));
    conversation.show(answer.id);
    conversation.delete(answer.id);
    expect(textsOf(conversation.shown)).toEqual(['Q1', 'B1']);
  });

  it('keeps the shown branch when something of another one is deleted', () => {
    const { conversation, answer } = talk();
    conversation.regenerate(answer.id, say('assistant', 'B1'));
    conversation.delete(answer.id);
    expect(textsOf(conversation.shown)).toEqual(['Q1', 'B1']);
  });

  it('names a message that is not there', () => {
    const { conversation, answer } = talk();
    conversation.delete(answer.id);
    expect(() => conversation.show(answer.id)).toThrow(
      expect.objectContaining({ code: 'store.notFound' }),
    );
  });
});

/** One step of a person: what to do, and to which message (modulo how many there are). */
const step = fc.record({
  act: fc.constantFrom('say', 'edit', 'regenerate', 'show', 'delete'),
  at: fc.nat(1000),
});

describe('whatever a person does', () => {
  it('the shown branch is a chain to the first message that only deleting makes shorter', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const conversation = new Conversation();
        const alive = new Set<MessageId>();
        for (const { act, at } of steps) {
          perform(conversation, alive, act, at);
          const shown = conversation.shown;
          expect(shown.at(-1)?.id ?? null).toBe(conversation.shownLeaf);
          expect(shown.map(({ parentId }) => parentId)).toEqual(
            [null, ...shown.map(({ id }) => id)].slice(0, shown.length),
          );
          for (const { id } of shown) expect(conversation.versions(id)).toContain(id);
          for (const id of alive) expect(conversation.get(id).id).toBe(id);
          if (alive.size > 0) expect(shown).not.toEqual([]);
        }
      }),
    );
  });

  it('a conversation loaded from its messages is the same', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const conversation = new Conversation();
        const alive = new Set<MessageId>();
        for (const { act, at } of steps) perform(conversation, alive, act, at);
        const messages = [...alive].map((id) => conversation.get(id));
        const loaded = new Conversation({ messages, shownLeaf: conversation.shownLeaf });
        expect(loaded.toChatMessages()).toEqual(conversation.toChatMessages());
      }),
    );
  });
});

function perform(conversation: Conversation, alive: Set<MessageId>, act: string, at: number): void {
  const id = [...alive][at % Math.max(1, alive.size)];
  const add = (message: Message) => alive.add(message.id);
  if (act === 'say' || id === undefined) {
    const last = conversation.shown.at(-1);
    add(conversation.append(say(last?.role === 'user' ? 'assistant' : 'user', String(at))));
  } else if (act === 'show') {
    conversation.show(id);
  } else if (act === 'delete') {
    for (const deleted of conversation.delete(id)) alive.delete(deleted);
  } else if (conversation.get(id).role === 'user') {
    add(conversation.edit(id, say('user', String(at))));
  } else {
    add(conversation.regenerate(id, say('assistant', String(at))));
  }
}
