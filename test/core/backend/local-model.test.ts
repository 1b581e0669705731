import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChatMessage,
  createLocalModel,
  type GenerationEvent,
  type GenerationOptions,
  type ModelCallOptions,
  type VisionLanguageModel,
  type VistazoError,
} from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageIdSchema } from '../../../packages/core/src/conversation/chat-message.ts';

let model: VisionLanguageModel;
let folder: string;
let picture: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-model-'));
  model = await createLocalModel({ model: nanoModelFolder });
  picture = await sharp({ create: { width: 90, height: 60, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
});

afterAll(async () => {
  await model.close();
  await rm(folder, { recursive: true, force: true });
});

const question = (text: string, ...pictures: Uint8Array[]): ChatMessage[] => [
  {
    role: 'user',
    content: [
      ...pictures.map((image) => ({ type: 'image' as const, image })),
      { type: 'text', text },
    ],
  },
];

async function collect(
  messages: ChatMessage[],
  options: GenerationOptions & ModelCallOptions = {},
): Promise<GenerationEvent[]> {
  return Array.fromAsync(model.generate(messages, options));
}

async function end(messages: ChatMessage[], options: GenerationOptions & ModelCallOptions = {}) {
  const last = (await collect(messages, options)).at(-1);
  if (last?.type !== 'end') throw new Error('no end');
  return last;
}

/** Child processes of this one whose command line names `part`. */
function childPids(part: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) => Number(parent) === process.pid && args.join(' ').includes(part),
    )
    .map(([pid]) => Number(pid));
}

describe('a local model', () => {
  it('tells what it saw, then streams the text that it ends with', async () => {
    const events = await collect(question('What color is it?', picture), { maxNewTokens: 8 });
    expect(events[0]).toMatchObject({ type: 'prompt', pictures: [{ widthPx: 90, heightPx: 60 }] });
    const text = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
    expect(events.at(-1)).toMatchObject({ type: 'end', text });
  });

  it('counts the tokens that the prompt then has', async () => {
    const messages = question('How many shapes are there?', picture, picture);
    const { totalTokens, messageTokens } = await model.countTokens(messages);
    const [first] = await collect(messages, { maxNewTokens: 1 });
    expect(messageTokens).toHaveLength(1);
    // The count is of the messages with the beginning of the answer.
    expect(first).toMatchObject({ type: 'prompt', promptTokens: totalTokens });
  });

  it('answers a second turn as if from scratch, reading only what is new', async () => {
    const first = await end(question('What color is it?', picture), { maxNewTokens: 8 });
    const second: ChatMessage[] = [
      ...question('What color is it?', picture),
      { role: 'assistant', content: first.text },
      { role: 'user', content: 'And how many shapes?' },
    ];
    const reused = await end(second, { maxNewTokens: 12 });
    const fresh = await createLocalModel({ model: nanoModelFolder });
    const scratch = (await Array.fromAsync(fresh.generate(second, { maxNewTokens: 12 }))).at(-1);
    await fresh.close();
    expect(reused.usage.reusedTokens).toBeGreaterThan(100);
    expect(scratch).toMatchObject({ type: 'end', text: reused.text, usage: { reusedTokens: 0 } });
  });

  it('takes a picture shown again for the same, and another one for another', async () => {
    const blue = await sharp({ create: { width: 90, height: 60, channels: 3, background: 'blue' } })
      .png()
      .toBuffer();
    const endOf = (image: Uint8Array) =>
      end(question('What color is it?', image), { maxNewTokens: 8 });
    const first = await endOf(picture);
    const other = await endOf(blue);
    const again = await endOf(picture);
    expect(again.text).toBe(first.text);
    expect(again.usage.reusedTokens).toBeGreaterThan(other.usage.reusedTokens);
  });

  it('gives the same answer for the same seed', async () => {
    const options = { temperature: 1.5, seed: 7, maxNewTokens: 16 };
    const messages = question('Describe the picture.', picture);
    expect((await end(messages, options)).text).toBe((await end(messages, options)).text);
  });

  it('ends with aborted when the signal comes, before and while it works', async () => {
    expect(await end(question('Hello', picture), { signal: AbortSignal.abort() })).toMatchObject({
      finishReason: 'aborted',
    });
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const event of model.generate(question('Describe it', picture), {
      signal: controller.signal,
      maxNewTokens: 1000,
      jsonSchema: { type: 'array', items: { const: 'a long answer' }, minItems: 60, maxItems: 60 },
    })) {
      seen.push(event.type === 'end' ? event.finishReason : event.type);
      if (event.type === 'prompt') controller.abort();
    }
    expect(seen.at(-1)).toBe('aborted');
  });

  it('ends with deadline when the time is over', async () => {
    const last = await end(question('Describe it', picture), { deadlineMs: 1, maxNewTokens: 200 });
    expect(last.finishReason).toBe('deadline');
  });

  it('counts without the bytes of stored pictures whose size it is told, and beside a busy engine', async () => {
    const id = imageIdSchema.parse(`sha256:${'0'.repeat(64)}`);
    const stored: ChatMessage[] = [{ role: 'user', content: [{ type: 'image', image: id }] }];
    const [engine] = childPids('engine-process');
    if (engine === undefined) throw new Error('There is no engine');
    process.kill(engine, 'SIGSTOP');
    try {
      const still = await model.countTokens(stored, {
        describePicture: () => ({ id, widthPx: 90, heightPx: 60, frames: 1 }),
      });
      const moving = await model.countTokens(stored, {
        describePicture: () => ({ id, widthPx: 90, heightPx: 60, frames: 3 }),
      });
      const ofBytes = await model.countTokens([
        { role: 'user', content: [{ type: 'image', image: picture }] },
      ]);
      expect(still).toEqual(ofBytes);
      expect(moving.messageImageTokens).toEqual([3 * (still.messageImageTokens[0] ?? 0)]);
      await expect(model.countTokens(stored)).rejects.toMatchObject({ code: 'picture.missing' });
    } finally {
      process.kill(engine, 'SIGCONT');
    }
  });

  it('ends a count that is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(model.countTokens(question('Hello'), { signal })).rejects.toBe(signal.reason);
  });

  it('names an option that it does not know', async () => {
    const options: object = { beams: 4 };
    await expect(collect(question('Hello'), options)).rejects.toThrow(
      /There is no generation option beams; known are doSample/,
    );
  });

  it('starts again and answers when its engine is killed', async () => {
    const killed = { done: false };
    const types: string[] = [];
    for await (const event of model.generate(question('Describe it', picture), {
      maxNewTokens: 20,
    })) {
      types.push(event.type);
      if (killed.done) continue;
      killed.done = true;
      for (const pid of childPids('engine-process')) process.kill(pid, 'SIGKILL');
    }
    expect(types.at(-1)).toBe('end');
    expect(await end(question('Hello', picture))).toMatchObject({ type: 'end' });
  });

  it('goes on when its engine dies while this process is too busy to hear of it', async () => {
    const asking = collect(question('Hello?'), { maxNewTokens: 2 });
    for (const pid of childPids('engine-process')) process.kill(pid, 'SIGKILL');
    // Nothing is heard meanwhile, and what is sent afterwards finds nobody.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    await asking.catch((error: VistazoError) => expect(error.code).toBe('engine.crashed'));
    expect(await end(question('Hello?'), { maxNewTokens: 2 })).toMatchObject({ type: 'end' });
  });

  it('is called by the package that carries it', () => {
    expect(model.info.id).toBe('@vistazo/nano');
  });
});

describe('what is kept of a call', () => {
  const maxNewTokens = 6;
  const inScope = (cacheScope: string) =>
    end(question('Which form is it?', picture), { maxNewTokens, cacheScope });
  const reused = async (cacheScope: string) => (await inScope(cacheScope)).usage.reusedTokens;

  it('is found in its own scope and in no other, with the same answers', async () => {
    const first = await inScope('ana');
    const other = await inScope('bo');
    const again = await inScope('ana');
    expect([first, other, again].map(({ text }) => text)).toEqual(Array(3).fill(first.text));
    expect([first, other].map(({ usage }) => usage.reusedTokens)).toEqual([0, 0]);
    expect(again.usage.reusedTokens).toBeGreaterThan(0);
  });

  it('is found by calls without a scope, and not by those with one', async () => {
    const withoutScope = () => end(question('Which shade?', picture), { maxNewTokens });
    await withoutScope();
    const asked = question('Which shade?', picture);
    const inOne = await end(asked, { maxNewTokens, cacheScope: 'shade' });
    expect(inOne.usage.reusedTokens).toBe(0);
    expect((await withoutScope()).usage.reusedTokens).toBeGreaterThan(0);
  });

  it('is gone when its scope is forgotten, and that of others is not', async () => {
    await reused('cy');
    await reused('di');
    await model.forget?.('cy');
    expect(await reused('cy')).toBe(0);
    expect(await reused('di')).toBeGreaterThan(0);
    expect(await reused('cy')).toBeGreaterThan(0);
  });

  it('is nothing of answers that began before their scope was forgotten', async () => {
    const options = { maxNewTokens: 20, cacheScope: 'eve' };
    const waiting = model.generate(question('Name it', picture), options)[Symbol.asyncIterator]();
    const underWay: Promise<unknown>[] = [];
    for await (const { type } of model.generate(question('Describe it', picture), options)) {
      if (type !== 'text' || underWay.length > 0) continue;
      underWay.push(waiting.next(), model.forget?.('eve') ?? Promise.resolve());
    }
    await Promise.all(underWay);
    while (!(await waiting.next()).done);
    for (const text of ['Describe it', 'Name it']) {
      const scopeNow = await end(question(text, picture), options);
      expect(scopeNow.usage.reusedTokens).toBe(0);
      await model.forget?.('eve');
    }
  });

  it('needs no engine to be forgotten', async () => {
    const other = await createLocalModel({ model: nanoModelFolder });
    await other.close();
    await expect(other.forget?.('ana')).resolves.toBeUndefined();
  });
});

describe('bad input is named with its mend, and the next message is answered', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it.each([
    ['no bytes', () => new Uint8Array(), 'picture.empty'],
    ['text', () => bytes('hello, I am no picture'), 'picture.notAnImage'],
    ['an SVG', () => bytes('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'picture.notAnImage'],
    ['a truncated picture', () => picture.slice(0, picture.length - 30), 'picture.corrupt'],
    ['200,000 frames', () => manyFrames(200_000), 'picture.tooManyFrames'],
  ] as const)('%s', async (_, make, code) => {
    await expect(collect(question('What is it?', make()))).rejects.toMatchObject({ code });
    expect((await end(question('What is it?', picture), { maxNewTokens: 2 })).type).toBe('end');
  });

  it('100 megapixels', async () => {
    const huge = await sharp({
      create: { width: 10_000, height: 10_000, channels: 3, background: 'red' },
    })
      .png({ compressionLevel: 1 })
      .toBuffer();
    await expect(collect(question('What is it?', huge))).rejects.toMatchObject({
      code: 'picture.tooLarge',
      message: expect.stringContaining('10000 × 10000, 100 megapixels; at most 50'),
    });
  });

  it('a prompt longer than the context', async () => {
    await expect(collect(question('word '.repeat(20_000)))).rejects.toMatchObject({
      code: 'chat.tooLong',
    });
  });

  it('refuses tools, which it cannot call', async () => {
    const tools = { offered: [], rounds: [], mayCall: true };
    const answer = Array.fromAsync(model.generate(question('Hello'), { tools }));
    await expect(answer).rejects.toMatchObject({
      code: 'option.unsupported',
      message:
        'The model @vistazo/nano runs here and cannot call tools; leave them out, or use a model on a server.',
    });
  });

  it('nothing to answer', async () => {
    await expect(collect(question('  '))).rejects.toMatchObject({ code: 'chat.empty' });
  });

  it('an address of this machine', async () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: [{ type: 'image', image: 'http://127.0.0.1:1/x.png' }] },
    ];
    await expect(collect(messages)).rejects.toMatchObject({ code: 'fetch.refused' });
  });

  /** A GIF of one-pixel frames. */
  function manyFrames(count: number): Uint8Array {
    const head = [
      0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255,
    ];
    const frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
    const gif = new Uint8Array(head.length + frame.length * count + 1).fill(0x3b);
    gif.set(head);
    for (let i = 0; i < count; i += 1) gif.set(frame, head.length + i * frame.length);
    return gif;
  }
});

describe('a model folder', () => {
  const broken = async (name: string, change: (copy: string) => Promise<void>) => {
    const copy = join(folder, name);
    await cp(nanoModelFolder, copy, { recursive: true });
    await change(copy);
    return createLocalModel({ model: copy });
  };

  it('that is not there is named', async () => {
    await expect(createLocalModel({ model: '/no/such/model' })).rejects.toMatchObject({
      code: 'model.notFound',
    });
  });

  it('without a file is refused by the name of the file', async () => {
    const opened = broken('missing', (copy) => rm(join(copy, 'onnx', 'embed_tokens.onnx')));
    await expect(opened).rejects.toMatchObject({
      code: 'model.fileMissing',
      message: expect.stringContaining('embed_tokens'),
    });
  });

  it('with a damaged graph is refused', async () => {
    const opened = broken('corrupt', (copy) =>
      truncate(join(copy, 'onnx', 'vision_encoder.onnx'), 5000),
    );
    await expect(opened).rejects.toMatchObject({ code: 'model.invalidGraph' });
  });

  it('with graphs in each other’s place is refused by the name of a tensor', async () => {
    const opened = broken('swapped', (copy) =>
      cp(join(copy, 'onnx', 'embed_tokens.onnx'), join(copy, 'onnx', 'vision_encoder.onnx')),
    );
    await expect(opened).rejects.toMatchObject({
      code: 'model.invalidGraph',
      message: expect.stringContaining('pixel_values'),
    });
  });
});
