import type { ChatMessage } from '@vistazo/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AskedServer, type AskOptions, refused } from './asked-server.ts';
import type { Reply } from './completion-server.ts';

let server: AskedServer;

beforeAll(async () => {
  server = await AskedServer.start();
});
afterEach(() => server.forget());
afterAll(() => server.close());

const ask = (...asked: Parameters<AskedServer['ask']>) => server.ask(...asked);
const failure = (replies: Reply[], options: AskOptions = {}) =>
  ask(replies, options).catch((error: unknown) => error);

describe('a part of the request that a server refuses is said otherwise', () => {
  const answered: Reply = { pieces: ['Red.'] };
  const openAi = (param: string, message: string, code = 'unsupported_parameter') =>
    refused(400, { error: { message, type: 'invalid_request_error', param, code } });
  const noMaxTokens = openAi(
    'max_tokens',
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  );
  const noTemperature = openAi(
    'temperature',
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
    'unsupported_value',
  );

  it('max_tokens and temperature of reasoning models, and remembered', async () => {
    const end = await ask([noMaxTokens, noTemperature, answered]);
    expect(end).toMatchObject({ text: 'Red.' });
    expect(
      server.requests.map(({ body }) => [
        body.max_tokens,
        body.max_completion_tokens,
        body.temperature,
      ]),
    ).toEqual([
      [256, undefined, 0],
      [undefined, 256, 0],
      [undefined, 256, undefined],
    ]);
    await ask([answered]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.body).toMatchObject({ max_completion_tokens: 256 });
    expect(server.requests[0]?.body).not.toHaveProperty('temperature');
  });

  it.each<[string, Reply, object]>([
    [
      'token counts',
      refused(422, {
        detail: [
          {
            type: 'extra_forbidden',
            loc: ['body', 'stream_options'],
            msg: 'Extra inputs are not permitted',
          },
        ],
      }),
      { stream_options: undefined },
    ],
    [
      'a temperature of zero',
      refused(422, {
        error: 'Input validation error: `temperature` must be strictly positive',
        error_type: 'validation',
      }),
      { temperature: undefined },
    ],
    [
      'a system message',
      refused(500, {
        error: { message: 'Jinja Exception: System role not supported', type: 'server_error' },
      }),
      { messages: [{ role: 'user', content: 'Be brief.\n\nWhich colour?' }] },
    ],
  ])('%s', async (_, reply, expected) => {
    expect(await ask([reply, answered])).toMatchObject({ text: 'Red.' });
    expect(server.requests).toHaveLength(2);
    for (const [name, value] of Object.entries(expected))
      expect(server.requests[1]?.body[name]).toEqual(value);
  });

  it.each([
    openAi('stop', "Unsupported parameter: 'stop' is not supported with this model."),
    openAi(
      'stop',
      "Invalid 'stop': array too long. Expected an array with maximum length 4.",
      'array_above_max_length',
    ),
  ])('stop strings, which are held to here %#', async (reply) => {
    const end = await ask([reply, { pieces: ['Red', '. En', 'd of it.', ' More'] }], {
      stopStrings: ['x', 'End'],
    });
    expect(end).toMatchObject({ text: 'Red. ', finishReason: 'stopString' });
    expect(server.requests[0]?.body).toMatchObject({ stop: ['x', 'End'] });
    expect(server.requests[1]?.body).not.toHaveProperty('stop');
  });

  it.each([
    'Your organization must be verified to stream this model.',
    'This model does not support streaming.',
  ])('the stream, which then comes at once: %s', async (message) => {
    const whole = refused(200, {
      choices: [{ message: { content: 'Red.' }, finish_reason: 'stop' }],
    });
    const end = await ask([openAi('stream', message, 'unsupported_value'), whole]);
    expect(end).toMatchObject({ text: 'Red.', finishReason: 'endToken' });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.body).toMatchObject({ stream: false });
    expect(server.requests[1]?.body).not.toHaveProperty('stream_options');
  });

  it('two messages of a person one after the other', async () => {
    const alternate = refused(400, {
      message: 'Conversation roles must alternate user/assistant/user/assistant/...',
    });
    const twice: ChatMessage[] = [
      { role: 'user', content: 'Hello' },
      { role: 'user', content: 'Which colour?' },
    ];
    expect(await ask([alternate, answered], {}, twice)).toMatchObject({ text: 'Red.' });
    expect(server.requests[1]?.body.messages).toEqual([
      { role: 'user', content: 'Hello\n\nWhich colour?' },
    ]);
  });

  it('a schema that OpenAI does not take strictly', async () => {
    const reply = openAi(
      'response_format',
      "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied and to be false.",
      'invalid_request_error',
    );
    const jsonSchema = { type: 'object', properties: { colour: { type: 'string' } } };
    await ask([reply, { pieces: ['{}'] }], { jsonSchema });
    expect(server.requests[1]?.body).toMatchObject({
      response_format: { json_schema: { strict: false, schema: jsonSchema } },
    });
  });

  it.each<[string, AskOptions, Reply, RegExp]>([
    ['temperature', { temperature: 0.5 }, noTemperature, /option temperature/],
    [
      'topP',
      { topP: 0.5 },
      openAi('top_p', "Unsupported parameter: 'top_p' is not supported with this model."),
      /option topP/,
    ],
    [
      'maxNewTokens',
      { maxNewTokens: 9000 },
      refused(400, {
        error: {
          message:
            'max_tokens is too large: 9000. This model supports at most 4096 completion tokens',
          param: 'max_tokens',
        },
      }),
      /option maxNewTokens/,
    ],
    [
      'maxNewTokens, of which a range is named',
      { maxNewTokens: 9000 },
      refused(400, {
        error: { message: 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]' },
      }),
      /option maxNewTokens/,
    ],
    [
      'jsonSchema',
      { jsonSchema: {} },
      openAi('response_format', "'response_format' of type json_schema is not supported", 'x'),
      /option jsonSchema/,
    ],
  ])('but not what was asked for: %s', async (_, options, reply, message) => {
    expect(await failure([reply, answered], options)).toMatchObject({
      code: 'option.unsupported',
      message: expect.stringMatching(message),
    });
    expect(server.requests).toHaveLength(1);
  });

  it('and a server that refuses it for ever is not asked for ever', async () => {
    const replies = Array<Reply>(9).fill(noMaxTokens);
    expect(await failure(replies)).toMatchObject({ code: 'endpoint.failed' });
    expect(server.requests).toHaveLength(2);
  });
});
