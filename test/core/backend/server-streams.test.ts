import { createServerModel, type VisionLanguageModel } from '@vistazo/core';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CompletionServer } from './completion-server.ts';
import {
  type AnswerSettings,
  done,
  end,
  events,
  question,
  streamedAnswer,
  text,
} from './streamed-answer.ts';

let server: CompletionServer;
let model: VisionLanguageModel;

beforeAll(async () => {
  server = await CompletionServer.start();
});
afterEach(() => model?.close());
afterAll(() => server.close());

const answerTo = (body: string, settings?: AnswerSettings) =>
  streamedAnswer(server, body, settings);

describe('an answer comes whole', () => {
  it.each<[string, string]>([
    ['past an event that is null', events(text(''), 'data: null\n\n', text('Red.'), end(), done)],
    ['past choices that are null', events({ id: 'c', choices: null }, text('Red.'), end(), done)],
    ['past a choice that is null', events({ choices: [null] }, text('Red.'), end(), done)],
    ['past a delta that is null', events({ choices: [{ delta: null }] }, text('Red.'), end())],
    ['past a delta of other type', events({ choices: [{ delta: 'x' }] }, text('Red.'), end())],
    ['past events without data', events('data:\n\n', 'data: \n\n', text('Red.'), end(), done)],
    [
      'past numbers, lists and texts',
      events('data: 5\n\n', [], 'data: "x"\n\n', text('Red.'), end()),
    ],
    ['past pings with a name', events('event: ping\ndata: ping\n\n', text('Red.'), end())],
    ['past comments', events(': OPENROUTER PROCESSING\n\n', text('Red.'), end(), done)],
    ['past thoughts', events({ choices: [{ delta: { reasoning: 'Hm' } }] }, text('Red.'), end())],
    [
      'past a second choice',
      events({ choices: [{ index: 1, delta: { content: 'Blue' } }] }, text('Red.'), end()),
    ],
    [
      'with its end in the same event as its text',
      events({ choices: [{ delta: { content: 'Red.' }, finish_reason: 'stop' }] }),
    ],
    [
      'with an end that is empty until it comes',
      events({ choices: [{ delta: { content: 'Re' }, finish_reason: '' }] }, text('d.'), end()),
    ],
    ['with an end that is an object', events(text('Red.'), end({ type: 'stop', matched: 2 }))],
    ['with an end of text-generation-inference', events(text('Red.'), end('eos_token'))],
    ['without a reason for its end', events(text('Red.'), done)],
    ['without a blank line at the end', `${events(text('Red.'))}data: ${JSON.stringify(end())}`],
    [
      'with its text in parts',
      events(
        text([
          { type: 'text', text: 'Re' },
          { type: 'text', text: 'd.' },
        ]),
        end(),
      ),
    ],
    ['as lines of JSON', [text('Red.'), end()].map((each) => `${JSON.stringify(each)}\n`).join('')],
    ['with lines that end in CR and LF', events(text('Red.'), end()).replaceAll('\n', '\r\n')],
    ['as a refusal in words', events({ choices: [{ delta: { refusal: 'Red.' } }] }, end())],
    [
      'with a message beside the pieces',
      events({ choices: [{ delta: { content: 'Red.' }, message: { content: 'Red.' } }] }, end()),
    ],
  ])('%s', async (_, body) => {
    expect((await answerTo(body)).end).toMatchObject({ text: 'Red.', finishReason: 'endToken' });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['<think>', '</think>'],
    ['<thinking>', '</thinking>'],
    ['<thought>', '</thought>'],
    ['<seed:think>', '</seed:think>'],
    ['[THINK]', '[/THINK]'],
    ['◁think▷', '◁/think▷'],
  ])('without thoughts between %s and %s, however they are cut', async (opening, closing) => {
    const written = `\n${opening}Is it </b> red? Stop.${closing}\n\nRed. Not ${opening}.`;
    for (const length of [1, 3, 7, 200]) {
      const pieces = written.match(new RegExp(`.{1,${length}}`, 'gsu')) ?? [];
      const body = events(...pieces.map((each) => text(each)), end());
      const { end: ended } = await answerTo(body, { stopStrings: ['Stop.'] });
      expect(ended).toMatchObject({ text: `Red. Not ${opening}.`, finishReason: 'endToken' });
    }
  });

  it.each([
    ['thoughts that never end are no answer', '<think>Hm', ''],
    ['what only begins like a thought is one', ' <thin', ' <thin'],
    ['what stands in the middle is one', 'A <think>b</think>', 'A <think>b</think>'],
  ])('and %s', async (_, written, expected) => {
    const pieces = [...written].map((each) => text(each));
    expect((await answerTo(events(...pieces, end('length')))).end).toMatchObject({
      text: expected,
      finishReason: 'length',
    });
  });

  it('at once where a server streams nothing', async () => {
    const whole = {
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Red.' }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 3 },
    };
    const { end: ended } = await answerTo(JSON.stringify(whole, null, 2), {
      contentType: 'application/json; charset=utf-8',
    });
    expect(ended).toMatchObject({
      text: 'Red.',
      finishReason: 'endToken',
      usage: { promptTokens: 9, answerTokens: 3 },
    });
  });

  it('up to a stop string that the server does not know, however both are cut', async () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'ab', 'E', 'EN', 'END', 'ND'), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(words, async (pieces) => {
        const { end: ended } = await answerTo(events(...pieces.map((each) => text(each)), end()), {
          stopStrings: ['END', 'bbb'],
        });
        const whole = pieces.join('');
        const stops = ['END', 'bbb'].map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
        expect(ended.text).toBe(whole.slice(0, Math.min(whole.length, ...stops)));
        expect(ended.finishReason).toBe(stops.length > 0 ? 'stopString' : 'endToken');
      }),
      { numRuns: 30 },
    );
  });

  it('or an error with a code, whatever the events are', async () => {
    const field = fc.constantFrom(
      'choices',
      'delta',
      'message',
      'content',
      'tool_calls',
      'function',
      'arguments',
      'name',
      'id',
      'index',
      'usage',
      'finish_reason',
      'prompt_tokens',
      'text',
      'refusal',
      'function_call',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(null, 0, -1, 0.5, 2, '', 'x', '{', '{}', true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(field, tie('value'), { maxKeys: 4 }),
      ),
    }));
    const tools = {
      offered: [{ name: 'x', description: 'x', inputSchema: {} }],
      rounds: [],
      mayCall: true,
    };
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 5 }), async (given) => {
        const result = await answerTo(
          events(...given.map((each) => `data: ${JSON.stringify(each)}\n\n`), text('Red.'), end()),
          { tools },
        ).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toMatchObject({ code: 'endpoint.failed' });
        else expect(result).toMatchObject({ end: { text: expect.stringMatching(/Red\.$/) } });
      }),
      { numRuns: 100 },
    );
  });

  it.each(['length', 'max_tokens', 'MAX_TOKENS', 'model_length'])(
    'as far as its length allows: %s',
    async (reason) => {
      expect((await answerTo(events(text('Red'), end(reason)))).end.finishReason).toBe('length');
    },
  );

  it('without waiting for a server that neither counts nor hangs up', async () => {
    await server.script({ pieces: ['Red.'], finish: 'stop', after: 'idle' });
    model = createServerModel({ servers: [{ baseUrl: server.url, model: 'seeing' }] });
    const seen = await Array.fromAsync(model.generate(question));
    expect(seen.at(-1)).toMatchObject({ text: 'Red.', finishReason: 'endToken' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('counts that a server lacks are estimated', () => {
  it.each([
    ['empty', {}],
    ['null', null],
    ['with null in it', { prompt_tokens: 9, completion_tokens: null }],
    ['of details alone', { prompt_tokens_details: { cached_tokens: 0 } }],
    ['in words', { prompt_tokens: 'nine', completion_tokens: 'two' }],
    ['in halves', { prompt_tokens: 9.5, completion_tokens: -1 }],
    ['a list', [1, 2]],
  ])('%s', async (_, usage) => {
    const { end: ended } = await answerTo(events(text('Red.', { usage }), end(), done));
    expect(ended).toMatchObject({ text: 'Red.', usage: { answerTokens: 1 } });
    expect(ended.usage.promptTokens).toBeGreaterThan(0);
    expect(server.requests).toHaveLength(1);
  });

  it('by its length where it comes in one piece', async () => {
    const { end: ended } = await answerTo(events(text('word '.repeat(80)), end()));
    expect(ended.usage.answerTokens).toBe(100);
  });

  it('and those that it gives are taken, with what it had read before', async () => {
    const usage = {
      prompt_tokens: 90,
      completion_tokens: 7,
      prompt_tokens_details: { cached_tokens: 64 },
    };
    const { end: ended } = await answerTo(
      events(text('Red.'), end(), { choices: [], usage }, done),
    );
    expect(ended.usage).toMatchObject({ promptTokens: 90, answerTokens: 7, reusedTokens: 64 });
  });
});

describe('a server that never ends', () => {
  const asked = { servers: [], maxRetries: 0 };

  it('its text is cut where no answer of that many tokens reaches', async () => {
    await server.script({ pieces: ['w'.repeat(20)], after: 'endless' });
    model = createServerModel({ ...asked, servers: [{ baseUrl: server.url, model: 'seeing' }] });
    const seen = await Array.fromAsync(model.generate(question, { maxNewTokens: 50 }));
    const last = seen.at(-1);
    expect(last).toMatchObject({ type: 'end', finishReason: 'length' });
    if (last?.type !== 'end') return;
    expect(last.text).toMatch(/^w+$/);
    expect(last.text.length).toBeGreaterThanOrEqual(50 * 20);
    expect(last.text.length).toBeLessThanOrEqual(50 * 100);
    expect(server.requests).toHaveLength(1);
  });

  it.each(['null', '{"choices":[{"delta":{"reasoning":"wwwwwwwwwwww"}}]}'])(
    'events that carry nothing are read only so long: %s',
    async (data) => {
      await server.script({
        pieces: [],
        after: 'endless',
        endless: `data: ${data}\n\n`.repeat(5000),
      });
      model = createServerModel({ ...asked, servers: [{ baseUrl: server.url, model: 'seeing' }] });
      await expect(
        Array.fromAsync(model.generate(question, { maxNewTokens: 5 })),
      ).rejects.toMatchObject({
        code: 'endpoint.failed',
        message: expect.stringContaining('did not end its answer'),
      });
      expect(server.requests).toHaveLength(1);
    },
  );

  it('is given up after the time that the options say', async () => {
    await server.script({ pieces: ['It'], after: 'endless', endless: ': alive\n\n' });
    model = createServerModel({
      ...asked,
      servers: [{ baseUrl: server.url, model: 'seeing' }],
      answerTimeoutMs: 400,
    });
    await expect(Array.fromAsync(model.generate(question))).rejects.toMatchObject({
      code: 'endpoint.failed',
      message: expect.stringContaining('did not end its answer'),
    });
    expect(server.requests).toHaveLength(1);
  });

  it('calls of tools have an end too', async () => {
    const call = {
      choices: [{ delta: { tool_calls: [{ id: '', function: { name: 'f', arguments: '{}' } }] } }],
    };
    const offered = [{ name: 'f', description: 'f', inputSchema: {} }];
    await expect(
      answerTo(events(...Array(500).fill(call)), { tools: { offered, rounds: [], mayCall: true } }),
    ).rejects.toMatchObject({ code: 'endpoint.failed' });
  });
});
