import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModel } from '@vistazo/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caseOf, countOf, requestOf, tinyFolder, withInference } from '../tiny-model.ts';

let folder: string;

// Links to the files of the random model, of which each test replaces some.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-folder-'));
  for (const name of await readdir(tinyFolder))
    await symlink(join(tinyFolder, name), join(folder, name));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function read(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(tinyFolder, name), 'utf8'));
}

async function write(name: string, content: object): Promise<void> {
  await rm(join(folder, name), { force: true });
  await writeFile(join(folder, name), JSON.stringify(content));
}

/** All that follows from the settings of the folder, without where it is. */
async function described(path = folder) {
  const { id: _, folder: __, graphs: ___, ...settings } = await describeModel(path);
  return settings;
}

describe('a folder as transformers 5 saves it', () => {
  beforeEach(async () => {
    const image_processor = await read('preprocessor_config.json');
    await write('processor_config.json', {
      ...(await read('processor_config.json')),
      image_processor: { ...image_processor, data_format: 'channels_first' },
    });
  });

  it('has its image processor inside processor_config.json', async () => {
    await rm(join(folder, 'preprocessor_config.json'));
    expect(await described()).toEqual(await described(tinyFolder));
  });

  it('is believed before a preprocessor_config.json beside it', async () => {
    await write('preprocessor_config.json', { image_processor_type: 'CLIPImageProcessor' });
    expect(await described()).toEqual(await described(tinyFolder));
  });

  it('may leave fields of its image processor null', async () => {
    await write('processor_config.json', {
      ...(await read('processor_config.json')),
      image_processor: {
        ...(await read('preprocessor_config.json')),
        do_pad: null,
        resample: null,
      },
    });
    expect(await described()).toEqual(await described(tinyFolder));
  });

  it('is refused with the name of a wrong field', async () => {
    await write('processor_config.json', {
      ...(await read('processor_config.json')),
      image_processor: { ...(await read('preprocessor_config.json')), resample: 9 },
    });
    await expect(describeModel(folder)).rejects.toMatchObject({
      code: 'model.invalidConfig',
      message: expect.stringContaining('image_processor in processor_config.json: resample'),
    });
  });

  it('answers as before', async () => {
    await rm(join(folder, 'preprocessor_config.json'));
    const description = await describeModel(folder, { variant: 'fp32' });
    const { messages, inputIds } = caseOf('several pictures over several turns');
    const ids = await withInference(description, async (inference) =>
      inference.tokenise(countOf(messages, description)),
    );
    expect(ids).toEqual(inputIds);
  });
});

describe('a folder with several chat templates', () => {
  const templates = { default: 'the usual one', tool_use: 'the one for tools' };
  const asList = Object.entries(templates).map(([name, template]) => ({ name, template }));

  beforeEach(async () => {
    await rm(join(folder, 'chat_template.jinja'), { force: true });
    await rm(join(folder, 'chat_template.json'), { force: true });
  });

  it.each([
    ['a list', asList],
    ['an object', templates],
    ['one text', templates.default],
  ])('takes the default one of %s in tokenizer_config.json', async (_, chat_template) => {
    await write('tokenizer_config.json', {
      ...(await read('tokenizer_config.json')),
      chat_template,
    });
    expect(await described()).toMatchObject({ chatTemplate: 'the usual one' });
  });

  it('takes the default one of chat_template.json before that of the tokenizer', async () => {
    const config = await read('tokenizer_config.json');
    await write('tokenizer_config.json', { ...config, chat_template: 'another one' });
    await write('chat_template.json', { chat_template: asList });
    expect(await described()).toMatchObject({ chatTemplate: 'the usual one' });
  });

  it('is refused where none of them is the default', async () => {
    const chat_template = [
      { name: 'tool_use', template: '' },
      { name: 'rag', template: '' },
    ];
    await write('tokenizer_config.json', {
      ...(await read('tokenizer_config.json')),
      chat_template,
    });
    await expect(describeModel(folder)).rejects.toMatchObject({
      code: 'model.invalidConfig',
      message: expect.stringContaining(
        'tokenizer_config.json has the chat templates tool_use, rag',
      ),
    });
  });

  it('is refused where there is none', async () => {
    await write('tokenizer_config.json', {
      ...(await read('tokenizer_config.json')),
      chat_template: null,
    });
    await expect(describeModel(folder)).rejects.toMatchObject({ code: 'model.fileMissing' });
  });
});

describe('a folder of model type smolvlm', () => {
  it('is read as one of Idefics3 that knows the times of frames', async () => {
    await write('config.json', { ...(await read('config.json')), model_type: 'smolvlm' });
    await write('preprocessor_config.json', {
      ...(await read('preprocessor_config.json')),
      image_processor_type: 'SmolVLMImageProcessor',
      video_sampling: { fps: 1, max_frames: 64, video_size: { longest_edge: 512 } },
    });
    const { family: plain, ...others } = await described(tinyFolder);
    const config = { ...plain.config, timesFrames: true };
    expect(await described()).toEqual({ ...others, family: { ...plain, config } });
  });
});

describe('a generation_config.json', () => {
  const greedy = { doSample: false, temperature: 1 };

  it.each([
    ['that sets nothing', { eos_token_id: null, temperature: null, do_sample: null, top_p: null }],
    ['of temperature 0', { eos_token_id: null, temperature: 0 }],
    ['of temperature 0 that asks for samples', { temperature: 0, do_sample: true }],
  ])('%s loads and gives the likeliest tokens', async (_, generation) => {
    await write('generation_config.json', generation);
    const description = await describeModel(folder, { variant: 'fp32' });
    const { messages } = caseOf('no picture');
    expect(requestOf(messages, description).options).toMatchObject(greedy);
  });

  it('of temperature 0 leaves the temperature of an answer to who asks', async () => {
    await write('generation_config.json', { temperature: 0 });
    const description = await describeModel(folder, { variant: 'fp32' });
    const { messages } = caseOf('no picture');
    const { options } = requestOf(messages, description, { temperature: 0.5 });
    expect(options).toMatchObject({ doSample: true, temperature: 0.5 });
  });

  it.each([
    ['temperature', -1],
    ['top_p', 1.5],
    ['eos_token_id', 'end'],
  ])('with a wrong %s is refused', async (name, value) => {
    await write('generation_config.json', { [name]: value });
    await expect(describeModel(folder)).rejects.toMatchObject({
      code: 'model.invalidConfig',
      message: expect.stringContaining(`generation_config.json: ${name}`),
    });
  });
});
