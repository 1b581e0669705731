import {
  type ChatMessage,
  createServerModel,
  type GenerationEvent,
  type ServerModelOptions,
  type VisionLanguageModel,
} from '@vistazo/core';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CompletionServer } from './completion-server.ts';

type Options = Parameters<VisionLanguageModel['generate']>[1];

const question: ChatMessage[] = [{ role: 'user', content: 'Which colour?' }];

let server: CompletionServer;
let model: VisionLanguageModel;

beforeAll(async () => {
  server = await CompletionServer.start();
});
afterEach(() => model?.close());
afterAll(() => server.close());

const events = (...given: unknown[]) =>
  given
    .map((each) => (typeof each === 'string' ? each : `data: ${JSON.stringify(each)}\n\n`))
    .join('');
const text = (content: unknown, more: object = {}) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
});
const end = (finish_reason: unknown = 'stop') => ({ choices: [{ delta: {}, finish_reason }] });
const done = 'data: [DONE]\n\n';

/** The answer to one request that is answered with `body`, and what was asked. */
async function answerTo(
  body: string,
  { contentType = 'text/event-stream', model: settings = {}, ...options }: AnswerSettings = {},
): Promise<{ events: GenerationEvent[]; end: Extract<GenerationEvent, { type: 'end' }> }> {
  await server.script({ status: 200, headers: { 'content-type': contentType }, body });
  model = createServerModel({
    servers: [{ baseUrl: server.url, model: 'seeing' }],
    maxRetries: 0,
    ...settings,
  });
  const seen: GenerationEvent[] = [];
  for await (const event of model.generate(question, options)) seen.push(event);
  const last = seen.at(-1);
  if (last?.type !== 'end') throw new Error('The answer had no end');
  return { events: seen, end: last };
}

type AnswerSettings = NonNullable<Options> & {
  contentType?: string;
  model?: Partial<ServerModelOptions>;
};

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
        await model.close();
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
        await model.close();
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

describe('tool calls', () => {
  const tool = (name: string) => ({ name, description: name, inputSchema: { type: 'object' } });
  const tools = { offered: [tool('look'), tool('weigh')], rounds: [], mayCall: true };
  const part = (call: object) => ({ choices: [{ delta: { tool_calls: [call] } }] });
  const call = (given: Record<string, unknown>, fn: Record<string, unknown>) =>
    part({ ...given, type: 'function', function: fn });

  async function callsOf(...given: unknown[]) {
    const { events: seen } = await answerTo(events(...given, end('tool_calls'), done), { tools });
    const called = seen.find(({ type }) => type === 'toolCalls');
    return called?.type === 'toolCalls' ? called.calls : [];
  }

  const both = [
    { id: 'a1', name: 'look', input: '{"n":1}' },
    { id: 'b2', name: 'weigh', input: '{"kg":2}' },
  ];
  const one = both.slice(0, 1);
  const look = { name: 'look', arguments: '{"n":1}' };
  const weigh = { name: 'weigh', arguments: '{"kg":2}' };

  it.each<[string, unknown[], object[]]>([
    [
      'with their own index',
      [call({ index: 0, id: 'a1' }, look), call({ index: 1, id: 'b2' }, weigh)],
      both,
    ],
    [
      'all of index 0',
      [call({ index: 0, id: 'a1' }, look), call({ index: 0, id: 'b2' }, weigh)],
      both,
    ],
    ['without index', [call({ id: 'a1' }, look), call({ id: 'b2' }, weigh)], both],
    ['with input as objects', [call({ id: 'a1' }, { name: 'look', arguments: { n: 1 } })], one],
    [
      'with id and name in every part',
      [
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: '{"n"' }),
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: ':1}' }),
      ],
      one,
    ],
    [
      'with another id for every part',
      [
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: '{"n"' }),
        call({ index: 0, id: 'zz' }, { arguments: ':1}' }),
      ],
      one,
    ],
    [
      'without index, in parts',
      [
        call({ id: 'a1' }, { name: 'look', arguments: '{"n"' }),
        call({}, { arguments: ':1}' }),
        call({ id: 'b2' }, { name: 'weigh', arguments: '' }),
        call({ id: 'b2' }, { arguments: '{"kg":2}' }),
      ],
      both,
    ],
    [
      'with a name in parts',
      [
        call({ index: 0, id: 'a1' }, { name: 'lo', arguments: '' }),
        call({ index: 0 }, { name: 'ok', arguments: '' }),
        call({ index: 0 }, { arguments: '{"n":1}' }),
      ],
      one,
    ],
    [
      'with the whole input again at the end',
      [
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: '{"n"' }),
        call({ index: 0 }, { arguments: ':1}' }),
        call({ index: 0, id: 'a1' }, look),
      ],
      one,
    ],
    [
      'that end with a part without input',
      [
        call({ index: 0, id: 'a1' }, look),
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: '' }),
      ],
      one,
    ],
    [
      'with an empty input before the true one',
      [
        call({ index: 0, id: 'a1' }, { name: 'look', arguments: '{}' }),
        call({ index: 0 }, { arguments: '{"n"' }),
        call({ index: 0 }, { arguments: ':1}' }),
      ],
      one,
    ],
    [
      'written as JSON twice',
      [call({ id: 'a1' }, { name: 'look', arguments: '"{\\"n\\":1}"' })],
      one,
    ],
    [
      'without a function around them',
      [part({ id: 'a1', name: 'look', arguments: '{"n":1}' })],
      one,
    ],
    [
      'not in a list',
      [{ choices: [{ delta: { tool_calls: { id: 'a1', function: look } } }] }],
      one,
    ],
    [
      'of which some are null',
      [{ choices: [{ delta: { tool_calls: [null, { id: 'a1', function: look }] } }] }],
      one,
    ],
    [
      'in the old form',
      [{ choices: [{ delta: { function_call: look } }] }],
      [{ ...both[0], id: 'call-0' }],
    ],
    [
      'without input',
      [call({ index: 0, id: 'a1' }, { name: 'look' })],
      [{ ...both[0], input: '{}' }],
    ],
    [
      'with the same id for two',
      [call({ index: 0, id: 'x' }, look), call({ index: 1, id: 'x' }, weigh)],
      [
        { ...both[0], id: 'x' },
        { ...both[1], id: 'x-1' },
      ],
    ],
    [
      'without ids, all of index 0',
      [call({ index: 0 }, look), call({ index: 0 }, weigh)],
      [
        { ...both[0], id: 'call-0' },
        { ...both[1], id: 'call-1' },
      ],
    ],
  ])('%s', async (_, given, expected) => {
    expect(await callsOf(...given)).toEqual(expected);
    expect(server.requests).toHaveLength(1);
  });

  it('in an answer that comes at once', async () => {
    const message = {
      content: null,
      tool_calls: [
        { id: 'a1', type: 'function', function: look },
        { id: 'b2', type: 'function', function: weigh },
      ],
    };
    const { events: seen } = await answerTo(
      JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }] }),
      { tools, contentType: 'application/json' },
    );
    expect(seen.find(({ type }) => type === 'toolCalls')).toMatchObject({ calls: both });
  });

  it('are left alone where none may be called', async () => {
    const { events: seen, end: ended } = await answerTo(
      events(call({ id: 'a' }, look), text('Red.'), end()),
    );
    expect(seen.some(({ type }) => type === 'toolCalls')).toBe(false);
    expect(ended).toMatchObject({ text: 'Red.', finishReason: 'endToken' });
  });

  it('come out whole however their input is cut', async () => {
    const input = fc.json({ maxDepth: 3 }).map((value) => JSON.stringify({ value }));
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    const repeatName = fc.boolean();
    await fc.assert(
      fc.asyncProperty(input, cuts, repeatName, async (whole, at, isRepeated) => {
        const ends = [...at.map((cut) => cut % whole.length), whole.length].sort((a, b) => a - b);
        const parts = ends.map((stop, index) => whole.slice(ends[index - 1] ?? 0, stop));
        const given = parts.map((each, index) =>
          call(index === 0 || isRepeated ? { index: 0, id: 'a1' } : { index: 0 }, {
            ...((index === 0 || isRepeated) && { name: 'look' }),
            arguments: each,
          }),
        );
        expect(await callsOf(...given)).toEqual([{ id: 'a1', name: 'look', input: whole }]);
        await model.close();
      }),
      { numRuns: 20 },
    );
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
