import {
  type ChatMessage,
  createServerModel,
  type ServerModelOptions,
  type VisionLanguageModel,
} from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CompletionServer } from './completion-server.ts';

const picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#c00' } })
  .png()
  .toBuffer();
const question: ChatMessage[] = [{ role: 'user', content: [{ type: 'image', image: picture }] }];

let server: CompletionServer;
let other: CompletionServer;
let model: VisionLanguageModel;

beforeAll(async () => {
  [server, other] = await Promise.all([CompletionServer.start(), CompletionServer.start()]);
});
afterEach(async () => {
  await model.close();
  await Promise.all([server.say({}), other.say({})]);
});
afterAll(() => Promise.all([server.close(), other.close()]));

function connect(options: Partial<ServerModelOptions> = {}): VisionLanguageModel {
  model = createServerModel({
    servers: [{ baseUrl: server.url, model: 'seeing' }],
    ...options,
  });
  return model;
}

const lines = [{ id: 'other' }, { id: 'another' }];
const llamaCpp = (...inputs: string[]) => ({
  '/v1/models': {
    models: [{ name: 'm.gguf', capabilities: ['completion'] }],
    data: [
      {
        id: 'm.gguf',
        owned_by: 'llamacpp',
        architecture: { input_modalities: inputs },
        meta: { n_ctx: 1024 },
      },
    ],
  },
});

/** What servers of each kind say of a model that sees or does not. */
const kinds: [kind: string, facts: (sees: boolean) => Record<string, unknown>][] = [
  ['llama.cpp', (sees) => llamaCpp('text', ...(sees ? ['image'] : []))],
  [
    'llama.cpp before it said modalities',
    (sees) => ({
      '/v1/models': {
        models: [{ name: 'm.gguf', capabilities: ['completion', ...(sees ? ['multimodal'] : [])] }],
        data: [{ id: 'm.gguf', owned_by: 'llamacpp' }],
      },
    }),
  ],
  [
    'llama.cpp that says it in its properties',
    (sees) => ({
      '/v1/models': { data: [{ id: 'm.gguf', owned_by: 'llamacpp' }] },
      '/props': { modalities: { vision: sees, audio: false } },
    }),
  ],
  [
    'Ollama',
    (sees) => ({
      '/v1/models': { data: [...lines, { id: 'seeing', owned_by: 'library' }] },
      '/api/show': { capabilities: ['completion', 'tools', ...(sees ? ['vision'] : [])] },
    }),
  ],
  [
    'LM Studio',
    (sees) => ({
      '/v1/models': { data: [...lines, { id: 'seeing', owned_by: 'organization_owner' }] },
      '/api/v1/models': {
        models: [{ key: 'seeing', type: 'llm', capabilities: { vision: sees } }],
      },
    }),
  ],
  [
    'LM Studio before 0.4',
    (sees) => ({
      '/v1/models': { data: [...lines, { id: 'seeing', owned_by: 'organization_owner' }] },
      '/api/v0/models': {
        data: [{ id: 'seeing', type: sees ? 'vlm' : 'llm', capabilities: ['tool_use'] }],
      },
    }),
  ],
  [
    'SGLang',
    (sees) => ({
      '/v1/models': { data: [{ id: 'seeing', owned_by: 'sglang', max_model_len: 4096 }] },
      '/get_model_info': { model_path: 'seeing', has_image_understanding: sees },
    }),
  ],
  [
    'text-generation-inference',
    (sees) => ({
      '/v1/models': { data: [{ id: 'seeing', owned_by: 'seeing' }] },
      '/info': {
        model_id: 'seeing',
        model_pipeline_tag: sees ? 'image-text-to-text' : 'text-generation',
      },
    }),
  ],
  [
    'OpenRouter',
    (sees) => ({
      '/v1/models': {
        data: [
          ...lines,
          { id: 'seeing', architecture: { input_modalities: sees ? ['image', 'text'] : ['text'] } },
        ],
      },
    }),
  ],
  [
    'Mistral',
    (sees) => ({
      '/v1/models': {
        data: [...lines, { id: 'seeing', capabilities: { vision: sees, function_calling: true } }],
      },
    }),
  ],
  [
    'LiteLLM',
    (sees) => ({
      '/v1/models': { data: [...lines, { id: 'seeing', owned_by: 'openai' }] },
      '/model/info': { data: [{ model_name: 'seeing', model_info: { supports_vision: sees } }] },
    }),
  ],
];

describe('a server that says that its model takes no pictures', () => {
  it.each(kinds)('is sent none, and asked for nothing: %s', async (_, facts) => {
    await server.say(facts(false));
    await server.script();
    connect();
    await expect(Array.fromAsync(model.generate(question))).rejects.toMatchObject({
      code: 'option.unsupported',
      message: expect.stringContaining('takes no pictures'),
    });
    expect(server.requests).toEqual([]);
    expect(model.info.capabilities.images).toBe(false);
  });

  it.each(kinds)('and one that says that it does is sent them: %s', async (_, facts) => {
    await server.say(facts(true));
    await server.script({ pieces: ['Red.'] });
    connect();
    expect((await Array.fromAsync(model.generate(question))).at(-1)).toMatchObject({
      text: 'Red.',
    });
    expect(JSON.stringify(server.requests)).toContain('image_url');
    expect(model.info.capabilities.images).toBe(true);
  });

  it('answers words without being asked what it can do', async () => {
    await server.say(llamaCpp('text'));
    await server.script({ pieces: ['Hi.'] });
    connect();
    await Array.fromAsync(model.generate([{ role: 'user', content: 'Hello' }]));
    expect(server.factPaths).toEqual([]);
  });

  it('is passed over where another one sees', async () => {
    await Promise.all([server.say(llamaCpp('text')), other.say(llamaCpp('text', 'image'))]);
    await Promise.all([server.script(), other.script({ pieces: ['Red.'] })]);
    const servers = [server, other].map(({ url }) => ({ baseUrl: url, model: 'seeing' }));
    connect({ servers });
    expect((await Array.fromAsync(model.generate(question))).at(-1)).toMatchObject({
      text: 'Red.',
    });
    expect(server.requests).toEqual([]);
    expect(model.info.capabilities.images).toBe(true);
  });

  it('is not believed where the options say otherwise', async () => {
    await server.say(llamaCpp('text'));
    await server.script({ pieces: ['Red.'] });
    connect({ images: true });
    expect((await Array.fromAsync(model.generate(question))).at(-1)).toMatchObject({
      text: 'Red.',
    });
    expect(server.factPaths).toEqual([]);
  });
});

describe('what servers say', () => {
  it('is asked once for many questions', async () => {
    await server.say(llamaCpp('text', 'image'));
    await server.script({ pieces: ['1'] }, { pieces: ['2'] });
    connect();
    await Array.fromAsync(model.generate(question));
    await model.refreshInfo?.();
    await Array.fromAsync(model.generate(question));
    expect(server.factPaths).toEqual(['/v1/models']);
  });

  it.each([
    ['nothing', {}],
    ['something else', { '/v1/models': ['x', null, 5] }],
    ['of other models alone', { '/v1/models': { data: lines } }],
    [
      'with fields of other types',
      {
        '/v1/models': {
          data: [{ id: 'seeing', capabilities: 5, architecture: 'x', meta: [] }, null],
        },
      },
    ],
  ])('may be %s, and pictures are sent', async (_, facts) => {
    await server.say(facts);
    await server.script({ pieces: ['Red.'] });
    connect();
    expect((await Array.fromAsync(model.generate(question))).at(-1)).toMatchObject({
      text: 'Red.',
    });
  });

  it('of a refused picture is remembered', async () => {
    await server.script(
      { status: 400, body: JSON.stringify({ message: 'm is not a multimodal model' }) },
      { pieces: ['never said'] },
    );
    connect();
    for (const _ of [1, 2])
      await expect(Array.fromAsync(model.generate(question))).rejects.toMatchObject({
        code: 'option.unsupported',
      });
    expect(server.requests).toHaveLength(1);
    expect(model.info.capabilities.images).toBe(false);
  });

  it.each([
    [undefined, 1024],
    [512, 512],
    [4096, 4096],
  ])('of the context counts where the options (%s) do not', async (given, expected) => {
    await server.say(llamaCpp('text'));
    connect(given === undefined ? {} : { contextLengthTokens: given });
    await model.refreshInfo?.();
    expect(model.info.capabilities.contextLengthTokens).toBe(expected);
  });

  it('of tools counts: Ollama names them where the model calls some', async () => {
    await server.say({
      '/v1/models': { data: [{ id: 'seeing', owned_by: 'library' }] },
      '/api/show': { capabilities: ['completion', 'vision'] },
    });
    connect();
    await model.refreshInfo?.();
    expect(model.info.capabilities).toMatchObject({ images: true, tools: false });
  });
});

describe('a bot on a server', () => {
  it('says of a picture that the model takes none, without asking it', async () => {
    await server.say(llamaCpp('text'));
    await server.script();
    await using bot = await createTestBot({ model: connect() });
    const files = [{ name: 'red.png', bytes: picture }];
    expect(await bot.ask('Which colour?', { files })).toBe(
      'red.png: The model that answers takes no pictures.',
    );
    expect(server.requests).toEqual([]);
  });

  it('goes on in words when a model that saw gives way to one that does not', async () => {
    await server.say(llamaCpp('text', 'image'));
    await server.script({ pieces: ['Red.'] }, { pieces: ['You are welcome.'] });
    let images = true;
    const seeing = connect();
    const changing: VisionLanguageModel = {
      info: {
        ...seeing.info,
        get capabilities() {
          return { ...seeing.info.capabilities, images };
        },
      },
      countTokens: seeing.countTokens.bind(seeing),
      generate: seeing.generate.bind(seeing),
      close: () => seeing.close(),
    };
    await using bot = await createTestBot({ model: changing });
    expect(await bot.ask('Colour?', { files: [{ name: 'red.png', bytes: picture }] })).toBe('Red.');
    images = false;
    expect(await bot.ask('Thanks')).toBe('You are welcome.');
    const sent = JSON.stringify(server.requests[1]?.body);
    expect(sent).not.toContain('image_url');
    expect(sent).toContain('⟦file that you cannot see: red.png⟧');
  });
});
