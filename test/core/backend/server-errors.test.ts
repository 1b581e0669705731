import {
  type ChatMessage,
  createServerModel,
  type GenerationEvent,
  type VisionLanguageModel,
} from '@vistazo/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CompletionServer, type Reply } from './completion-server.ts';

const question: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Which colour?' },
];

let server: CompletionServer;
let model: VisionLanguageModel;

beforeAll(async () => {
  server = await CompletionServer.start();
});
afterEach(() => model?.close());
afterAll(() => server.close());

type Options = Parameters<VisionLanguageModel['generate']>[1];

async function ask(
  replies: Reply[],
  options: Options = {},
  messages = question,
): Promise<GenerationEvent | undefined> {
  await server.script(...replies);
  model ??= createServerModel({ servers: [{ baseUrl: server.url, model: 'seeing' }] });
  const events = await Array.fromAsync(model.generate(messages, options));
  return events.at(-1);
}
afterEach(() => {
  model = undefined as unknown as VisionLanguageModel;
});

const refused = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const streamed = (...data: unknown[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body: data.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''),
});
const failure = (replies: Reply[], options: Options = {}) =>
  ask(replies, options).catch((error: unknown) => error);

/** What servers say of a prompt that does not fit. */
const tooLong: [server: string, status: number, message: string][] = [
  [
    'OpenAI',
    400,
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
  ],
  [
    'OpenAI, newer',
    400,
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
  ],
  [
    'OpenAI, over the whole rate',
    429,
    'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 40000.',
  ],
  ['vLLM', 400, 'The prompt (length 9000) is longer than the maximum model length of 4096.'],
  [
    'vLLM, with pictures',
    400,
    'The decoder prompt (length 9000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.',
  ],
  [
    'vLLM, with its answer',
    400,
    "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 4096 tokens and your request has 4000 input tokens (256 > 4096 - 4000).",
  ],
  [
    'vLLM, newer',
    400,
    "You passed 9000 input tokens and requested 256 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3840 tokens.",
  ],
  ['vLLM, of pictures', 400, 'At most 1 image(s) may be provided in one prompt.'],
  [
    'SGLang',
    400,
    "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
  ],
  [
    'SGLang, with its answer',
    400,
    "Requested token count exceeds the model's maximum context length of 4096 tokens.",
  ],
  [
    'SGLang, of its pool',
    400,
    'Input length (9000 tokens) exceeds the maximum allowed length (4095 tokens). Use a shorter input or enable --allow-auto-truncate.',
  ],
  [
    'llama.cpp',
    400,
    'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it',
  ],
  ['llama.cpp, while it answers', 500, 'Context size has been exceeded.'],
  [
    'llama.cpp, of its batch',
    500,
    'input (600 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
  ],
  ['Ollama', 400, 'input length exceeds the context length'],
  ['Ollama, as its own fault', 500, 'prompt too long; exceeded max context length by 4904 tokens'],
  [
    'LM Studio',
    400,
    'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
  ],
  [
    'LM Studio, older',
    400,
    'The number of tokens to keep from the initial prompt is greater than the context length.',
  ],
  [
    'text-generation-inference',
    422,
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000 `inputs` tokens and 256 `max_new_tokens`',
  ],
  [
    'text-generation-inference, alone',
    422,
    'Input validation error: `inputs` must have less than 4096 tokens. Given: 9000',
  ],
  [
    'OpenRouter',
    400,
    "This endpoint's maximum context length is 4096 tokens. However, you requested about 9000 tokens.",
  ],
  [
    'LiteLLM',
    400,
    'litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - too much',
  ],
  ['Anthropic', 400, 'prompt is too long: 213462 tokens > 200000 maximum'],
  [
    'Gemini',
    400,
    'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
  ],
  [
    'Mistral',
    400,
    'Prompt contains 9000 tokens and 0 draft tokens, too large for model with 4096 maximum context length',
  ],
  [
    'xAI',
    400,
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  ],
  ['Groq', 400, 'Please reduce the length of the messages or completion.'],
  [
    'Groq, over the whole rate',
    413,
    'Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 7000.',
  ],
  ['Moonshot', 400, 'Invalid request: Your request exceeded model token limit: 8192'],
  ['Cohere', 400, 'too many tokens: total number of tokens in the prompt cannot exceed 4081'],
  ['Qwen', 400, 'Range of input length should be [1, 30720]'],
  ['GLM', 400, 'Prompt exceeds max length'],
  ['GitHub Models', 413, 'Request body too large for gpt-4o model. Max size: 8000 tokens.'],
  ['nginx', 413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
];

describe('a prompt that does not fit is asked once, and told so', () => {
  it.each(tooLong)('%s with %i: %s', async (_, status, message) => {
    const body = message.startsWith('<') ? message : { error: { message } };
    expect(await failure([refused(status, body)])).toMatchObject({ code: 'chat.tooLong' });
    expect(server.requests).toHaveLength(1);
  });

  it.each(tooLong.filter(([, status]) => status === 400 || status === 500))(
    'in the answer, %s with %i: %s',
    async (_, code, message) => {
      const given = streamed({ error: { code, message } });
      expect(await failure([given])).toMatchObject({ code: 'chat.tooLong' });
      expect(server.requests).toHaveLength(1);
    },
  );

  const words = 'The prompt (length 9000) is longer than the maximum model length of 4096.';
  it.each<[string, Reply]>([
    [
      'as vLLM writes errors',
      refused(400, { object: 'error', message: words, type: 'BadRequestError', code: 400 }),
    ],
    [
      'as text-generation-inference writes errors',
      refused(422, { error: words, error_type: 'validation' }),
    ],
    ['as FastAPI writes errors', refused(422, { detail: [{ loc: ['body'], msg: words }] })],
    [
      'as OpenRouter writes errors of others',
      refused(400, {
        error: {
          code: 400,
          message: 'Provider returned error',
          metadata: { raw: JSON.stringify({ error: { message: words } }) },
        },
      }),
    ],
    [
      'as Ollama writes errors of its runner',
      refused(500, { error: JSON.stringify({ error: { code: 400, message: words } }) }),
    ],
    [
      'by its type alone',
      refused(400, { error: { message: 'no', type: 'exceed_context_size_error' } }),
    ],
    [
      'by its code alone',
      refused(400, { error: { message: 'no', code: 'context_length_exceeded' } }),
    ],
    ['with status 200', refused(200, { error: { message: words, code: 400 } })],
    ['in an event of vLLM', streamed({ object: 'error', message: words, code: 400 })],
    [
      'in an event of text-generation-inference',
      streamed({ error: words, error_type: 'validation' }),
    ],
    [
      'in an event that is called an error',
      { status: 200, body: `event: error\ndata: ${words}\n\n` },
    ],
    [
      'in a line of llama.cpp that is called an error',
      { status: 200, body: `error: ${JSON.stringify({ message: words })}\n\n` },
    ],
    [
      'in a line without data',
      { status: 200, body: `${JSON.stringify({ error: { message: words } })}\n` },
    ],
  ])('%s', async (_, reply) => {
    expect(await failure([reply])).toMatchObject({ code: 'chat.tooLong' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('what asking again does not mend is asked once', () => {
  const failed = 'endpoint.failed';
  const unsupported = 'option.unsupported';
  it.each<[string, number, unknown, string, RegExp]>([
    [
      'no credit at OpenAI',
      429,
      { error: { message: 'You exceeded your current quota.', code: 'insufficient_quota' } },
      failed,
      /no credit/,
    ],
    [
      'no credit at OpenRouter',
      402,
      { error: { message: 'Insufficient credits', code: 402 } },
      failed,
      /no credit/,
    ],
    [
      'no credit at Anthropic',
      400,
      { error: { message: 'Your credit balance is too low' } },
      failed,
      /no credit/,
    ],
    ['a key that is refused', 401, { error: { message: 'bad key' } }, failed, /key/],
    [
      'a question that is flagged',
      403,
      { error: { message: 'Your input was flagged', code: 403 } },
      failed,
      /withheld/,
    ],
    [
      'a question that a filter stops',
      400,
      {
        error: {
          code: 'content_filter',
          message:
            'The response was filtered due to the prompt triggering the content management policy.',
        },
      },
      failed,
      /withheld/,
    ],
    [
      'a model that is not there',
      404,
      { error: { message: 'model "m" not found, try pulling it first' } },
      failed,
      /does not know the model/,
    ],
    [
      'a model that LM Studio has not loaded',
      400,
      { error: { message: 'No models loaded. Please load a model first.' } },
      failed,
      /does not know the model/,
    ],
    [
      'a model that LiteLLM does not know',
      400,
      { error: { message: 'Invalid model name passed in model=m' } },
      failed,
      /does not know the model/,
    ],
    [
      'an address without completions',
      405,
      'Method Not Allowed',
      failed,
      /does not know the model/,
    ],
    [
      'a page in place of an answer',
      200,
      '<html>hi</html>',
      failed,
      /other than a chat completion/,
    ],
    ['JSON in place of an answer', 200, { status: 'ok' }, failed, /other than a chat completion/],
    [
      'what llama.cpp does not do',
      501,
      { error: { message: 'no', type: 'not_supported_error' } },
      failed,
      /refused the request/,
    ],
    [
      'a template that fails',
      500,
      { error: { message: 'Jinja Exception: bad', type: 'server_error' } },
      failed,
      /refused the request/,
    ],
    [
      'tools at Ollama',
      400,
      { error: { message: 'registry.ollama.ai/library/m does not support tools' } },
      unsupported,
      /calls no tools/,
    ],
    [
      'tools at vLLM',
      400,
      {
        message:
          '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
      },
      unsupported,
      /calls no tools/,
    ],
    [
      'tools at OpenRouter',
      404,
      { error: { message: 'No endpoints found that support tool use.', code: 404 } },
      unsupported,
      /calls no tools/,
    ],
    [
      'tools at llama.cpp',
      500,
      { error: { message: 'tools param requires --jinja flag' } },
      unsupported,
      /calls no tools/,
    ],
    [
      'pictures at llama.cpp',
      500,
      {
        error: {
          code: 500,
          message:
            'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
          type: 'server_error',
        },
      },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at vLLM',
      400,
      { error: { message: 'm is not a multimodal model' } },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at vLLM, by its options',
      400,
      { error: { message: 'At most 0 image(s) may be provided in one prompt.' } },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at Ollama',
      500,
      { error: { message: 'this model is missing data required for image input' } },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at LM Studio',
      400,
      { error: 'Model does not support images. Please use a model that does.' },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at OpenAI',
      400,
      {
        error: { message: 'Invalid content type. image_url is only supported by certain models.' },
      },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at OpenRouter',
      404,
      { error: { message: 'No endpoints found that support image input' } },
      unsupported,
      /takes no pictures/,
    ],
    [
      'pictures at DeepSeek',
      400,
      {
        error: {
          message:
            'Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text`',
        },
      },
      unsupported,
      /takes no pictures/,
    ],
  ])('%s', async (_, status, body, code, message) => {
    const given = typeof body === 'string' && body.startsWith('<');
    const reply: Reply = given
      ? { status, headers: { 'content-type': 'text/html' }, body: String(body) }
      : refused(status, body);
    expect(await failure([reply])).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(server.requests).toHaveLength(1);
  });

  it('an error of the request in the middle of an answer', async () => {
    const reply = streamed(
      { choices: [{ delta: { content: 'It' } }] },
      { error: { message: 'no', type: 'invalid_request_error' } },
    );
    expect(await failure([reply])).toMatchObject({
      code: 'endpoint.failed',
      message: expect.stringMatching(/refused the request/),
    });
    expect(server.requests).toHaveLength(1);
  });

  it('and what the person wrote does not decide what a refusal means', async () => {
    const input = 'My image input is not supported, maximum context length';
    const reply = refused(422, {
      detail: [{ type: 'missing', loc: ['body', 'x'], msg: 'Field required', input }],
    });
    expect(await failure([reply])).toMatchObject({
      code: 'endpoint.failed',
      message: expect.stringMatching(/refused the request/),
    });
  });
});

describe('what may pass is asked again', () => {
  const answered: Reply = { pieces: ['Red.'] };
  it.each<[string, Reply]>([
    [
      'a rate limit',
      refused(429, { error: { message: 'Rate limit reached for m', code: 'rate_limit_exceeded' } }),
    ],
    [
      'a model that is loading',
      refused(503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } }),
    ],
    [
      'an overload of text-generation-inference',
      refused(429, { error: 'Model is overloaded', error_type: 'overloaded' }),
    ],
    [
      'a generation that failed there',
      refused(424, { error: 'Request failed during generation: x', error_type: 'generation' }),
    ],
    [
      'a fault in the answer',
      streamed(
        { choices: [{ delta: { content: 'B' } }] },
        { error: { message: 'x', code: 'server_error' } },
      ),
    ],
    [
      'an overload in the answer',
      streamed({ error: { type: 'overloaded_error', message: 'Overloaded' } }),
    ],
    ['an error in words alone', streamed({ error: 'out of memory' })],
    [
      'an end for a fault',
      streamed({ choices: [{ delta: { content: 'B' }, finish_reason: 'error' }] }),
    ],
    [
      'an end by the server',
      streamed({ choices: [{ delta: { content: 'B' }, finish_reason: 'abort' }] }),
    ],
  ])('%s', async (_, reply) => {
    expect(await ask([reply, answered])).toMatchObject({ text: 'Red.', finishReason: 'endToken' });
    expect(server.requests).toHaveLength(2);
  });
});

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

  it.each<[string, Options, Reply, RegExp]>([
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
