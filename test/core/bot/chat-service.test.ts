import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../packages/core/src/bot/chat-service.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import { collect, makeBot, pictureOf, transcript } from './bot-fixture.ts';

function ofType<Type extends ChatEvent['type']>(events: ChatEvent[], type: Type) {
  return events.filter((event): event is Extract<ChatEvent, { type: Type }> => event.type === type);
}

function only<Item>(items: Item[]): Item {
  expect(items).toHaveLength(1);
  return items[0] as Item;
}

async function answeredBot(...args: Parameters<typeof makeBot>) {
  const bot = await makeBot(...args);
  const { id } = await bot.service.createConversation();
  const events = await collect(bot.service.send(id, { text: 'How many?' }));
  const accepted = only(ofType(events, 'accepted'));
  return {
    ...bot,
    id,
    events,
    questionId: accepted.question?.id ?? accepted.answer.id,
    answerId: accepted.answer.id,
  };
}

describe('sending a message', () => {
  it('tells what happens in order and keeps question, pictures and answer', async () => {
    const { service, model } = await makeBot([{ pieces: ['It is ', 'red.'] }]);
    const { id } = await service.createConversation();
    const picture = { bytes: await pictureOf(255), name: 'red.png' };
    const events = await collect(
      service.send(id, {
        text: 'Which colour?',
        pictures: [picture],
        author: 'ana',
      }),
    );
    expect(events.map((event) => event.type)).toEqual([
      'waiting',
      'accepted',
      'prompt',
      'text',
      'text',
      'end',
    ]);
    const { messages, title } = await service.getConversation(id);
    expect(title).toBe('Which colour?');
    expect(messages).toMatchObject([
      {
        role: 'user',
        text: 'Which colour?',
        status: 'done',
        pictures: [{ widthPx: 2, heightPx: 3 }],
      },
      { role: 'assistant', text: 'It is red.', status: 'done' },
    ]);
    expect(messages[0]?.pictures[0]?.provenance).toMatchObject({
      author: 'ana',
      origin: 'chat',
      name: 'red.png',
    });
    expect(messages[1]?.seen).toMatchObject({
      imageTokens: 50,
      leftOut: [],
      finishReason: 'endToken',
      usage: { answerTokens: 2 },
      timings: { totalMs: 4 },
    });
    expect(only(ofType(events, 'end')).answer).toEqual(messages[1]);
    expect(model.prompts[0]).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', image: messages[0]?.pictures[0]?.id },
          { type: 'text', text: 'Which colour?' },
        ],
      },
    ]);
  });

  it('gives the model the turns before, and the system message first', async () => {
    const { service, model } = await makeBot([{ pieces: ['Four.'] }], {
      systemMessage: 'Be brief.',
    });
    const { id } = await service.createConversation();
    await collect(service.send(id, { text: 'How many?' }));
    await collect(service.send(id, { text: 'Sure?' }));
    expect(model.prompts[1]).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'How many?' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Four.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Sure?' }] },
    ]);
  });

  it('goes on when nobody reads the events', async () => {
    const gate = Promise.withResolvers<void>();
    const { service } = await makeBot([{ pieces: ['one ', 'two'], gate: gate.promise }]);
    const { id } = await service.createConversation();
    for await (const event of service.send(id, { text: 'Count.' }))
      if (event.type === 'text') break;
    const rest = service.follow(id);
    gate.resolve();
    expect(rest && (await collect(rest)).map((event) => event.type)).toEqual([
      'waiting',
      'accepted',
      'prompt',
      'text',
      'text',
      'end',
    ]);
    expect(await transcript(service, id)).toEqual(['user: Count.', 'assistant: one two']);
    expect(service.follow(id)).toBeUndefined();
  });

  it('makes one answer at a time in a conversation, in the order the questions came', async () => {
    const { service, model } = await makeBot([
      { pieces: ['a'] },
      { pieces: ['b'] },
      { pieces: ['c'] },
    ]);
    const { id } = await service.createConversation();
    await Promise.all(['A', 'B', 'C'].map((text) => collect(service.send(id, { text }))));
    expect(model.mostAtOnce).toBe(1);
    expect(await transcript(service, id)).toEqual([
      'user: A',
      'assistant: a',
      'user: B',
      'assistant: b',
      'user: C',
      'assistant: c',
    ]);
  });

  it('answers in two conversations at once', async () => {
    const gate = Promise.withResolvers<void>();
    const { service, model } = await makeBot([
      { pieces: ['a', 'a'], gate: gate.promise },
      { pieces: ['b'] },
    ]);
    const first = await service.createConversation();
    const second = await service.createConversation();
    const waiting = collect(service.send(first.id, { text: 'A' }));
    await collect(service.send(second.id, { text: 'B' }));
    gate.resolve();
    await waiting;
    expect(model.prompts).toHaveLength(2);
  });

  it('forgets the text so far when the engine restarts', async () => {
    const { service } = await makeBot([{ pieces: ['lost ', 'kept'], restartAfter: 1 }]);
    const { id } = await service.createConversation();
    const events = await collect(service.send(id, { text: 'Hi' }));
    expect(ofType(events, 'restart')).toHaveLength(1);
    expect(await transcript(service, id)).toEqual(['user: Hi', 'assistant: kept']);
  });

  it('says what did not fit into the context', async () => {
    const { service } = await makeBot([], {
      contextLengthTokens: 160,
      generation: { maxNewTokens: 20 },
    });
    const { id } = await service.createConversation();
    for (const red of [1, 2]) {
      await collect(
        service.send(id, { text: `Picture ${red}`, pictures: [{ bytes: await pictureOf(red) }] }),
      );
    }
    const events = await collect(
      service.send(id, { text: 'And this?', pictures: [{ bytes: await pictureOf(3) }] }),
    );
    const { leftOut } = only(ofType(events, 'prompt'));
    expect(leftOut).toMatchObject([{ what: 'pictures', pictures: 1, tokens: 50 }]);
    expect(leftOut[0]?.sentence).toBe(
      '1 picture of the message “Picture 1” (50 tokens) was left out to fit into the context.',
    );
    const { messages } = await service.getConversation(id);
    expect(messages.at(-1)?.seen?.leftOut).toEqual(leftOut);
  });
});

describe('a message that cannot be accepted', () => {
  it.each([
    ['has neither text nor picture', { text: '  \n' }, 'chat.empty'],
    ['is longer than allowed', { text: 'x'.repeat(101) }, 'chat.tooLong'],
    [
      'has a file that is no picture',
      { text: 'See', pictures: [{ bytes: Buffer.from('no') }] },
      'picture.notAnImage',
    ],
    [
      'has a picture of too many bytes',
      { text: 'See', pictures: [{ bytes: new Uint8Array(2001) }] },
      'picture.tooLarge',
    ],
    [
      'has too many pictures',
      { text: 'See', pictures: Array.from({ length: 4 }, () => ({ bytes: Buffer.from('no') })) },
      'chat.tooLong',
    ],
  ])('because it %s, is refused and changes nothing', async (_, message, code) => {
    const { service, model } = await makeBot([], {
      maxTextLength: 100,
      maxPictureBytes: 2000,
      maxPictures: 3,
    });
    const { id } = await service.createConversation();
    await expect(collect(service.send(id, message))).rejects.toMatchObject({
      name: 'VistazoError',
      code,
    });
    expect(await transcript(service, id)).toEqual([]);
    expect(model.prompts).toEqual([]);
    await collect(service.send(id, { text: 'Still there?' }));
    expect(await transcript(service, id)).toEqual(['user: Still there?', 'assistant: Yes.']);
  });

  it('keeps none of its pictures when one is bad', async () => {
    const { service } = await makeBot();
    const { id } = await service.createConversation();
    const good = await pictureOf(9);
    const sent = service.send(id, {
      text: 'See',
      pictures: [{ bytes: good }, { bytes: Buffer.from('bad') }],
    });
    await expect(collect(sent)).rejects.toMatchObject({ code: 'picture.notAnImage' });
    expect(await transcript(service, id)).toEqual([]);
  });

  it('is refused with pictures by a model that takes none', async () => {
    const { service } = await makeBot([], { images: false });
    const { id } = await service.createConversation();
    const sent = service.send(id, { text: 'See', pictures: [{ bytes: await pictureOf(1) }] });
    await expect(collect(sent)).rejects.toMatchObject({ code: 'option.unsupported' });
  });

  it('is refused in a conversation that is not there', async () => {
    const { service } = await makeBot();
    const { id } = await service.createConversation();
    await service.deleteConversation(id);
    await expect(collect(service.send(id, { text: 'Hi' }))).rejects.toMatchObject({
      code: 'store.notFound',
    });
  });
});

describe('an answer that fails', () => {
  it('is stored as failed with code, sentence and the text so far; the next one works', async () => {
    const error = new VistazoError('engine.crashed', 'The engine ended; ask again.');
    const { service, model } = await makeBot([{ pieces: ['half '], error }]);
    const { id } = await service.createConversation();
    const events = await collect(service.send(id, { text: 'Hi' }));
    expect(only(ofType(events, 'failed'))).toMatchObject({
      error: { code: 'engine.crashed', message: 'The engine ended; ask again.' },
      answer: { status: 'failed', text: 'half ' },
    });
    const { messages } = await service.getConversation(id);
    expect(messages[1]).toMatchObject({
      status: 'failed',
      text: 'half ',
      error: { code: 'engine.crashed' },
    });
    await collect(service.send(id, { text: 'Again' }));
    expect(model.prompts[1]?.map((message) => message.role)).toEqual(['user', 'user']);
    expect((await transcript(service, id)).at(-1)).toBe('assistant: Yes.');
  });

  it('keeps a question that cannot be answered from spoiling the next one', async () => {
    const error = new VistazoError('picture.corrupt', 'The picture is damaged.');
    const { service, model } = await makeBot([{ pieces: ['ok'] }, { pieces: [], error }]);
    const { id } = await service.createConversation();
    await collect(service.send(id, { text: 'First' }));
    await collect(service.send(id, { text: 'Bad', pictures: [{ bytes: await pictureOf(3) }] }));
    await collect(service.send(id, { text: 'Next' }));
    expect(JSON.stringify(model.prompts[2])).not.toContain('Bad');
    expect(model.prompts[2]).toHaveLength(3);
  });

  it('fails when the question alone is longer than the context, and the next one works', async () => {
    const { service } = await makeBot([], {
      contextLengthTokens: 40,
      generation: { maxNewTokens: 20 },
    });
    const { id } = await service.createConversation();
    const events = await collect(service.send(id, { text: 'word '.repeat(30) }));
    const { error } = only(ofType(events, 'failed'));
    expect(error.code).toBe('chat.tooLong');
    expect(error.message).toMatch(/needs 33 tokens but only 20 fit/);
    await collect(service.send(id, { text: 'Short?' }));
    expect((await transcript(service, id)).at(-1)).toBe('assistant: Yes.');
  });
});

describe('stopping', () => {
  it('keeps the text so far', async () => {
    const never = new Promise<void>(() => {});
    const { service } = await makeBot([{ pieces: ['so far', ' never'], gate: never }]);
    const { id } = await service.createConversation();
    const events: ChatEvent[] = [];
    for await (const event of service.send(id, { text: 'Hi' })) {
      events.push(event);
      if (event.type === 'text') void service.stop(id);
    }
    expect(events.at(-1)).toMatchObject({
      type: 'end',
      finishReason: 'aborted',
      answer: { status: 'stopped' },
    });
    const { messages } = await service.getConversation(id);
    expect(messages[1]).toMatchObject({ status: 'stopped', text: 'so far' });
  });

  it('by the signal of the caller does the same', async () => {
    const never = new Promise<void>(() => {});
    const { service } = await makeBot([{ pieces: ['so far', ' never'], gate: never }]);
    const { id } = await service.createConversation();
    const controller = new AbortController();
    for await (const event of service.send(id, { text: 'Hi' }, { signal: controller.signal })) {
      if (event.type === 'text') controller.abort();
    }
    expect(await transcript(service, id)).toEqual(['user: Hi', 'assistant: so far']);
  });

  it('withdraws a message that still waits for its turn', async () => {
    const gate = Promise.withResolvers<void>();
    const { service } = await makeBot([{ pieces: ['a', 'a'], gate: gate.promise }]);
    const { id } = await service.createConversation();
    const first = collect(service.send(id, { text: 'A' }));
    const controller = new AbortController();
    const second = collect(service.send(id, { text: 'B' }, { signal: controller.signal }));
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'generation.aborted' });
    gate.resolve();
    await first;
    await collect(service.send(id, { text: 'C' }));
    expect(await transcript(service, id)).toEqual([
      'user: A',
      'assistant: aa',
      'user: C',
      'assistant: Yes.',
    ]);
  });

  it('does nothing when no answer is made', async () => {
    const { service } = await makeBot();
    const { id } = await service.createConversation();
    await expect(service.stop(id)).resolves.toBeUndefined();
  });

  it('happens to every answer when the service closes', async () => {
    const never = new Promise<void>(() => {});
    const { service } = await makeBot([{ pieces: ['so far', ' never'], gate: never }]);
    const { id } = await service.createConversation();
    const events = service.send(id, { text: 'Hi' })[Symbol.asyncIterator]();
    for (let type = ''; type !== 'text'; ) type = (await events.next()).value?.type ?? 'text';
    await service.close();
    expect((await service.getConversation(id)).messages[1]).toMatchObject({ status: 'stopped' });
  });
});

describe('versions', () => {
  it('regenerate makes another answer to the same question, without the first in its prompt', async () => {
    const bot = await answeredBot([{ pieces: ['four'] }, { pieces: ['five'] }]);
    await collect(bot.service.regenerate(bot.id, bot.answerId));
    const { messages } = await bot.service.getConversation(bot.id);
    expect(messages.map(({ text }) => text)).toEqual(['How many?', 'five']);
    expect(messages[1]?.versions).toEqual([bot.answerId, messages[1]?.id]);
    expect(bot.model.prompts[1]).toEqual(bot.model.prompts[0]);
  });

  it('show goes back to a version and what followed it', async () => {
    const bot = await answeredBot([{ pieces: ['four'] }, { pieces: ['ok'] }, { pieces: ['five'] }]);
    await collect(bot.service.send(bot.id, { text: 'Thanks' }));
    await collect(bot.service.regenerate(bot.id, bot.answerId));
    expect(await transcript(bot.service, bot.id)).toEqual(['user: How many?', 'assistant: five']);
    await bot.service.show(bot.id, bot.answerId);
    expect(await transcript(bot.service, bot.id)).toEqual([
      'user: How many?',
      'assistant: four',
      'user: Thanks',
      'assistant: ok',
    ]);
  });

  it('edit answers the new text, keeps the pictures, and leaves the old branch as it was', async () => {
    const { service, model } = await makeBot([{ pieces: ['red'] }, { pieces: ['small'] }]);
    const { id } = await service.createConversation();
    await collect(service.send(id, { text: 'Colour?', pictures: [{ bytes: await pictureOf(7) }] }));
    const before = await service.getConversation(id);
    const questionId = before.messages[0]?.id;
    if (questionId === undefined) throw new Error('no question');
    await collect(service.edit(id, questionId, { text: 'Size?' }));
    const after = await service.getConversation(id);
    expect(after.messages.map(({ text }) => text)).toEqual(['Size?', 'small']);
    expect(after.messages[0]?.pictures).toEqual(before.messages[0]?.pictures);
    expect(model.prompts[1]).toHaveLength(1);
    await service.show(id, questionId);
    expect((await service.getConversation(id)).messages.map(({ text }) => text)).toEqual([
      'Colour?',
      'red',
    ]);
  });

  it('only questions can be edited, only answers regenerated and rated', async () => {
    const { service, id, questionId, answerId } = await answeredBot();
    await expect(collect(service.edit(id, answerId, { text: 'x' }))).rejects.toMatchObject({
      code: 'option.invalid',
    });
    await expect(collect(service.regenerate(id, questionId))).rejects.toMatchObject({
      code: 'option.invalid',
    });
    await expect(service.rate(id, questionId, 'up')).rejects.toMatchObject({
      code: 'option.invalid',
    });
    await expect(collect(service.edit(id, questionId, { text: ' ' }))).rejects.toMatchObject({
      code: 'chat.empty',
    });
    expect(await transcript(service, id)).toEqual(['user: How many?', 'assistant: Yes.']);
  });
});

describe('rating and deleting', () => {
  it('keeps a rating and takes it back', async () => {
    const { service, id, answerId } = await answeredBot();
    await service.rate(id, answerId, 'down');
    expect((await service.getConversation(id)).messages[1]?.rating).toBe('down');
    await service.rate(id, answerId, null);
    expect((await service.getConversation(id)).messages[1]?.rating).toBeUndefined();
  });

  it('deletes a message and what followed it', async () => {
    const { service, id, answerId } = await answeredBot();
    await collect(service.send(id, { text: 'Thanks' }));
    await service.deleteMessage(id, answerId);
    expect(await transcript(service, id)).toEqual(['user: How many?']);
  });

  it('shows the other version when the shown one is deleted', async () => {
    const bot = await answeredBot([{ pieces: ['four'] }, { pieces: ['five'] }]);
    const events = await collect(bot.service.regenerate(bot.id, bot.answerId));
    await bot.service.deleteMessage(bot.id, only(ofType(events, 'accepted')).answer.id);
    expect(await transcript(bot.service, bot.id)).toEqual(['user: How many?', 'assistant: four']);
  });

  it('stops an answer that is deleted while it is made', async () => {
    const never = new Promise<void>(() => {});
    const { service, model } = await makeBot([{ pieces: ['a', 'b'], gate: never }]);
    const { id } = await service.createConversation();
    const events = service.send(id, { text: 'Hi' })[Symbol.asyncIterator]();
    expect((await events.next()).value?.type).toBe('waiting');
    const accepted = (await events.next()).value;
    if (accepted?.type !== 'accepted' || !accepted.question) throw new Error('not accepted');
    await service.deleteMessage(id, accepted.question.id);
    expect(await transcript(service, id)).toEqual([]);
    expect(model.running).toBe(0);
  });

  it('purges a picture once no message refers to it', async () => {
    const { service } = await makeBot();
    const bytes = await pictureOf(5);
    const first = await service.createConversation();
    const second = await service.createConversation();
    for (const { id } of [first, second]) {
      await collect(service.send(id, { text: 'See', pictures: [{ bytes }] }));
    }
    const picture = (await service.getConversation(first.id)).messages[0]?.pictures[0]?.id;
    if (picture === undefined) throw new Error('no picture');
    await service.deleteConversation(first.id);
    await expect(service.picture(picture)).resolves.toMatchObject({ mediaType: 'image/png' });
    await service.deleteConversation(second.id);
    await expect(service.picture(picture)).rejects.toMatchObject({ code: 'picture.missing' });
    expect(await service.listConversations()).toEqual([]);
  });

  it('stops the running answer of a conversation that is deleted', async () => {
    const never = new Promise<void>(() => {});
    const { service, model } = await makeBot([{ pieces: ['a', 'b'], gate: never }]);
    const { id } = await service.createConversation();
    const events = service.send(id, { text: 'Hi' })[Symbol.asyncIterator]();
    expect((await events.next()).value?.type).toBe('waiting');
    await events.next();
    await service.deleteConversation(id);
    expect(model.running).toBe(0);
    await expect(service.getConversation(id)).rejects.toMatchObject({ code: 'store.notFound' });
  });
});

describe('titles', () => {
  it('are the beginning of the first question and can be changed', async () => {
    const { service } = await makeBot();
    const { id } = await service.createConversation();
    await collect(service.send(id, { text: `${'many words '.repeat(12)}\nsecond line` }));
    const { title } = await service.getConversation(id);
    expect(title).toBe('many words many words many words many words many words…');
    await service.renameConversation(id, 'Mine');
    await collect(service.send(id, { text: 'More' }));
    expect((await service.listConversations()).map((each) => each.title)).toEqual(['Mine']);
  });
});
