import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AskedServer, type AskOptions, refused } from './asked-server.ts';
import type { Reply } from './completion-server.ts';
import { tooLong } from './too-long-wordings.ts';

let server: AskedServer;

beforeAll(async () => {
  server = await AskedServer.start();
});
afterEach(() => server.forget());
afterAll(() => server.close());

const ask = (...asked: Parameters<AskedServer['ask']>) => server.ask(...asked);
const streamed = (...data: unknown[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body: data.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''),
});
const failure = (replies: Reply[], options: AskOptions = {}) =>
  ask(replies, options).catch((error: unknown) => error);

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
      'in a choice of OpenRouter',
      streamed({
        choices: [
          { delta: { content: '' }, finish_reason: 'error', error: { code: 400, message: words } },
        ],
      }),
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
