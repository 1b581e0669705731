import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CompletionServer } from './completion-server.ts';
import { type AnswerSettings, done, end, events, streamedAnswer, text } from './streamed-answer.ts';

let server: CompletionServer;

beforeAll(async () => {
  server = await CompletionServer.start();
});
afterAll(() => server.close());

const answerTo = (body: string, settings?: AnswerSettings) =>
  streamedAnswer(server, body, settings);

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
      }),
      { numRuns: 20 },
    );
  });
});
