import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLocalModel, isHubId, type LoadProgress } from '@vistazo/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type HubOptions,
  openHubModel,
} from '../../../../packages/core/src/inference/files/hub.ts';
import { caseOf, tinyFolder } from '../tiny-model.ts';
import { downloadsOf, type LoopbackHub, startHub } from './loopback-hub.ts';

const id = 'someone/tiny-model';
const decoder = 'onnx/decoder_model_merged_int8.onnx';

let hub: LoopbackHub;
let cacheDir: string;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'vistazo-hub-'));
  hub = await startHub(id, await tinyFiles());
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  await rm(cacheDir, { recursive: true, force: true });
});

/** All files of the tiny model, and one that no model needs. */
async function tinyFiles(): Promise<[string, Uint8Array][]> {
  const names = await readdir(tinyFolder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map(
    async (path): Promise<[string, Uint8Array]> => [
      path.slice(tinyFolder.length + 1).replaceAll('\\', '/'),
      await readFile(path),
    ],
  );
  return [...(await Promise.all(files)), ['README.md', Buffer.from('# Tiny')]];
}

const open = (options: HubOptions = {}) =>
  openHubModel(id, { cacheDir, hubUrl: hub.url, variant: 'int8', ...options });

const folder = () => join(cacheDir, 'someone', 'tiny-model');

const bytesOf = (path: string): Uint8Array => hub.files.get(path)?.bytes ?? new Uint8Array();

async function putPartial(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder(), path)), { recursive: true });
  await writeFile(join(folder(), `${path}.partial`), bytes);
}

function keptBytes(path: string): number {
  return statSync(join(folder(), `${path}.partial`), { throwIfNoEntry: false })?.size ?? 0;
}

describe('a model of a hub', () => {
  it('is downloaded with its settings and the graphs of one variant, and no other file', async () => {
    expect(await open()).toBe(folder());
    expect(downloadsOf(hub).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      decoder,
      'onnx/embed_tokens_int8.onnx',
      'onnx/vision_encoder_int8.onnx',
      'preprocessor_config.json',
      'processor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    for (const path of downloadsOf(hub)) {
      expect(Buffer.compare(await readFile(join(folder(), path)), bytesOf(path))).toBe(0);
    }
  });

  it('comes with the parts of its tokenizer only where tokenizer.json is not there', async () => {
    const parts = ['merges.txt', 'vocab.json'];
    for (const path of parts) hub.files.set(path, { bytes: Buffer.from(path) });
    await open();
    expect(downloadsOf(hub)).not.toEqual(expect.arrayContaining(parts));
    hub.files.delete('tokenizer.json');
    await open({ variant: 'fp16' });
    expect(downloadsOf(hub)).toEqual(expect.arrayContaining(parts));
  });

  it('comes with the weights that lie beside a graph, in parts too', async () => {
    const data = [`${decoder}_data`, `${decoder}_data_1`];
    for (const path of data) hub.files.set(path, { bytes: Buffer.from(path) });
    await open();
    expect(downloadsOf(hub)).toEqual(expect.arrayContaining(data));
  });

  it('is not asked for again once it is whole', async () => {
    await open();
    await hub.close();
    expect(await open()).toBe(folder());
  });

  it('with another variant later brings only what lacks', async () => {
    await open();
    hub.requests.length = 0;
    await open({ variant: 'fp16' });
    expect(downloadsOf(hub).sort()).toEqual([
      'onnx/decoder_model_merged_fp16.onnx',
      'onnx/embed_tokens_fp16.onnx',
      'onnx/vision_encoder_fp16.onnx',
    ]);
  });

  it('answers when it is opened by its id', async () => {
    const model = await createLocalModel({ model: id, variant: 'int8', cacheDir, hubUrl: hub.url });
    try {
      const content = caseOf('no picture').messages[0]?.content[0];
      const text = content?.type === 'text' ? content.text : '';
      const events = await Array.fromAsync(
        model.generate([{ role: 'user', content: text }], { maxNewTokens: 4 }),
      );
      expect(model.info).toMatchObject({ id, variant: 'int8' });
      expect(events.at(-1)).toMatchObject({ type: 'end', usage: { answerTokens: 4 } });
    } finally {
      await model.close();
    }
  });

  it('tells how far it is, up to all bytes', async () => {
    const told: LoadProgress[] = [];
    await open({ onProgress: (progress) => told.push(progress) });
    const total = downloadsOf(hub).reduce((sum, path) => sum + bytesOf(path).length, 0);
    expect(told.at(-1)).toMatchObject({ done: total, total });
    expect(told.every(({ done }, index) => done >= (told[index - 1]?.done ?? 0))).toBe(true);
    expect(new Set(told.map(({ label }) => label))).toContain(decoder);
  });
});

describe('an interrupted download', () => {
  it('goes on where it stopped', async () => {
    const whole = bytesOf(decoder);
    hub.intercept = (path, response) => {
      if (!path.endsWith(decoder)) return false;
      response.writeHead(200, { 'content-length': whole.length });
      response.write(whole.subarray(0, 70_000));
      // Cut only after some of it was kept, however slow the machine is.
      void vi
        .waitUntil(() => keptBytes(decoder) > 0, { timeout: 50_000 })
        .then(() => response.destroy());
      return true;
    };
    await expect(open()).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringMatching(
        /decoder_model_merged_int8\.onnx failed; run it again to go on/,
      ),
    });
    const size = keptBytes(decoder);
    expect(size).toBeGreaterThan(0);
    hub.intercept = () => false;
    hub.requests.length = 0;
    await open();
    const again = hub.requests.find(({ path }) => path.endsWith(decoder));
    expect(again?.headers.range).toBe(`bytes=${size}-`);
    expect(Buffer.compare(await readFile(join(folder(), decoder)), whole)).toBe(0);
  });

  it('begins anew where the hub cannot send the rest alone', async () => {
    await putPartial(decoder, bytesOf(decoder).slice(0, 1000));
    hub.intercept = (path, response) => {
      if (!path.endsWith(decoder)) return false;
      response.writeHead(200).end(bytesOf(decoder));
      return true;
    };
    const told: LoadProgress[] = [];
    await open({ onProgress: (progress) => told.push(progress) });
    expect(Buffer.compare(await readFile(join(folder(), decoder)), bytesOf(decoder))).toBe(0);
    expect(told.at(-1)?.done).toBe(told.at(-1)?.total);
  });

  it('of which only the last step lacked asks for no byte again', async () => {
    await putPartial(decoder, bytesOf(decoder));
    await open();
    expect(downloadsOf(hub)).not.toContain(decoder);
    expect(existsSync(join(folder(), decoder))).toBe(true);
  });

  it('stops at once when aborted and leaves no file that looks whole', async () => {
    const controller = new AbortController();
    hub.intercept = (path, response) => {
      if (!path.endsWith(decoder)) return false;
      response.writeHead(200, { 'content-length': bytesOf(decoder).length });
      response.write(bytesOf(decoder).subarray(0, 1000), () => controller.abort());
      return true;
    };
    await expect(open({ signal: controller.signal })).rejects.toThrow(/abort/i);
    expect(existsSync(join(folder(), decoder))).toBe(false);
    hub.intercept = () => false;
    await open();
    expect(Buffer.compare(await readFile(join(folder(), decoder)), bytesOf(decoder))).toBe(0);
  });
});

describe('a file that is not what the hub listed', () => {
  const damaged = {
    code: 'fetch.failed',
    message: `${decoder} arrived damaged and was thrown away; run it again.`,
  };

  it('by its hash is thrown away and named', async () => {
    const right = bytesOf(decoder);
    const wrong = Uint8Array.from(right, (byte, index) => (index === 500 ? byte ^ 1 : byte));
    hub.intercept = (path, response) => {
      if (!path.endsWith(decoder)) return false;
      response.writeHead(200).end(wrong);
      return true;
    };
    await expect(open()).rejects.toMatchObject(damaged);
    expect(existsSync(join(folder(), decoder))).toBe(false);
    expect(existsSync(join(folder(), `${decoder}.partial`))).toBe(false);
    hub.intercept = () => false;
    expect(await open()).toBe(folder());
  });

  it.each([1000, -1000])('by its size, %d bytes off, is thrown away and named', async (more) => {
    const size = bytesOf(decoder).length + more;
    hub.files.set(decoder, { bytes: bytesOf(decoder), listed: { size } });
    await expect(open()).rejects.toMatchObject(damaged);
  });

  it('because older bytes lay there is thrown away and named', async () => {
    await putPartial(decoder, new Uint8Array(1000));
    await expect(open()).rejects.toMatchObject(damaged);
    expect(await open()).toBe(folder());
  });
});

describe('a model that a hub cannot give', () => {
  it('because it has no such model is named with the mend', async () => {
    await expect(openHubModel('someone/else', { cacheDir, hubUrl: hub.url })).rejects.toMatchObject(
      {
        code: 'model.notFound',
        message: `There is no model someone/else at ${hub.url}; check its name, or give a folder.`,
      },
    );
  });

  it('because a graph lacks is named with its variant', async () => {
    hub.files.delete(decoder);
    await expect(open()).rejects.toMatchObject({
      code: 'model.fileMissing',
      message: expect.stringMatching(/someone\/tiny-model has no complete int8 ONNX files/),
    });
  });

  it('because a listed file is gone is named by its address', async () => {
    hub.intercept = (path, response) => {
      if (!path.endsWith('tokenizer.json')) return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(open()).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining(`${hub.url}/${id}/resolve/main/tokenizer.json failed`),
    });
  });

  it('because the network is down says so, and nothing is left behind', async () => {
    await hub.close();
    await expect(open()).rejects.toMatchObject({
      code: 'fetch.failed',
      message: `${hub.url} could not be reached to download ${id}; check the network, or give a folder that is already there.`,
    });
    expect(existsSync(folder())).toBe(false);
  });

  it.each([429, 503])('because it answers %d says so', async (status) => {
    hub.intercept = (_, response) => {
      response.writeHead(status).end('no');
      return true;
    };
    await expect(open()).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining(`${hub.url} answered ${status} when asked for ${id}`),
    });
  });

  it.each([
    ['a page instead of a list', '<html>Sign in to the network</html>'],
    ['files without a size', '[{"type":"file","path":"config.json"}]'],
  ])('because it lists %s is an error with a code', async (_, body) => {
    hub.intercept = (path, response) => {
      if (!path.startsWith('/api/')) return false;
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      return true;
    };
    await expect(open()).rejects.toMatchObject({ code: 'fetch.failed' });
  });
});

describe('a hub that is not to be trusted', () => {
  it('cannot make files outside the folder of the model', async () => {
    const stray = `${decoder}_data/../../../../stray`;
    hub.files.set(stray, { bytes: Buffer.from('out') });
    hub.files.set('../config.json', { bytes: Buffer.from('out') });
    await open();
    expect(
      (await readdir(cacheDir, { recursive: true })).filter((each) => /stray/.test(each)),
    ).toEqual([]);
    expect(await readdir(join(cacheDir, 'someone'))).toEqual(['tiny-model']);
    expect(downloadsOf(hub)).not.toContain(stray);
  });

  it.each(['someone/..', '../someone', './model', '/a/b', 'a/b/c', 'someone/.hidden', 'nano'])(
    '%s is no id',
    (name) => {
      expect(isHubId(name)).toBe(false);
    },
  );

  it.each(['HuggingFaceTB/SmolVLM-256M-Instruct', 'a/b', 'some_one/v1.0_x'])(
    '%s is an id',
    (name) => {
      expect(isHubId(name)).toBe(true);
    },
  );
});

describe('redirects', () => {
  it('to another host are followed, and neither host is told a secret', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_not_to_be_sent');
    vi.stubEnv('HUGGING_FACE_HUB_TOKEN', 'hf_not_to_be_sent');
    const other = await startHub('cdn/files', await tinyFiles());
    try {
      hub.intercept = (path, response) => {
        if (!path.endsWith('.onnx')) return false;
        const location = `${other.url}${path.replace(`/${id}/`, '/cdn/files/')}`;
        response.writeHead(302, { location }).end();
        return true;
      };
      await putPartial(decoder, bytesOf(decoder).slice(0, 1234));
      await open();
      expect(downloadsOf(other)).toHaveLength(3);
      const resumed = other.requests.find(({ path }) => path.endsWith(decoder));
      expect(resumed?.headers.range).toBe('bytes=1234-');
      for (const { headers } of [...hub.requests, ...other.requests]) {
        expect(headers).not.toHaveProperty('authorization');
        expect(JSON.stringify(headers)).not.toContain('hf_not_to_be_sent');
      }
    } finally {
      await other.close();
    }
  });
});
