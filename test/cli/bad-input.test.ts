import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCodes } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badPictures, goodPicture } from '../bad-pictures.ts';
import { type Result, runVistazo } from './run-vistazo.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-cli-'));
  await writeFile(join(folder, 'good.png'), await goodPicture());
  for (const { name, make } of badPictures) await writeFile(join(folder, name), await make());
  await mkdir(join(folder, 'a-folder.png'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const vistazo = (args: string[], input?: string | Uint8Array) =>
  runVistazo(args, { cwd: folder, ...(input !== undefined && { input }) });

/** One line on standard error that ends with a documented code, and nothing on standard output. */
function expectComplaint({ code, out, err }: Result, exitCode: 1 | 2, errorCode: string): void {
  expect({ code, out, err }).toEqual({
    code: exitCode,
    out: '',
    err: expect.stringMatching(/^[^\n]+[^ ] \[[a-zA-Z.]+\]\n$/),
  });
  expect(err).toContain(`[${errorCode}]`);
  expect(Object.keys(errorCodes)).toContain(errorCode);
  expect(errorCode).not.toBe('internal');
}

describe('vistazo ask complains in one line with a code and the mend about', () => {
  it.each(badPictures)('$what', async ({ name, code, sentence }) => {
    const result = await vistazo(['ask', name, 'What is it?']);
    expectComplaint(result, 1, code);
    expect(result.err).toContain(sentence);
  });

  it.each([
    ['a path that is not there', ['nowhere.png', 'What?'], 'file.unreadable', 'check the path'],
    ['a folder', ['a-folder.png', 'What?'], 'file.unreadable', 'name a picture file'],
    ['an empty question', [''], 'chat.empty', 'write it after the pictures'],
    ['a question of blanks', [' \n'], 'chat.empty', 'write it after the pictures'],
    ['a picture without a question', ['good.png'], 'chat.empty', 'no question follows it'],
    ['a question too long', ['word '.repeat(20_000)], 'chat.tooLong', 'less text'],
    [
      'an address of this machine',
      ['http://localhost/', 'What?'],
      'fetch.refused',
      'send the picture',
    ],
    ['a data URI that is none', ['data:image/png,x', 'What?'], 'chat.invalid', 'use a data URI'],
  ])('%s', async (_, words, code, mend) => {
    const result = await vistazo(['ask', ...words]);
    expectComplaint(result, 1, code);
    expect(result.err).toContain(mend);
  });

  it.each([
    ['an unknown command', ['dance'], "Unknown command 'dance'"],
    ['an unknown option', ['ask', 'x', '--beams', '4'], "Unknown option '--beams'"],
    ['an option almost right', ['ask', 'x', '--jsn'], 'Did you mean --json?'],
    ['an option without its value', ['ask', 'x', '--seed'], 'argument missing'],
    ['a number that is none', ['ask', 'x', '--top-k', 'many'], 'It is not a number'],
    ['a number out of range', ['ask', 'x', '--top-p', '3'], '--top-p'],
    ['an unknown variant', ['ask', 'x', '--variant', 'q9'], 'use one of fp32'],
    ['no words at all', ['ask'], "Missing required argument 'words'"],
    ['standard input twice', ['ask', '-', '-', 'What?'], 'name the others by their paths'],
    ['a port that is none', ['start', '--port', '70000'], 'from 0 to 65535'],
    ['a time that is none', ['start', '--keep-days', '0'], 'days above 0, or forever'],
  ])('%s, and exits with 2', async (_, args, words) => {
    const result = await vistazo(args);
    expectComplaint(result, 2, 'option.invalid');
    expect(result.err).toContain(words);
  });

  it('one of several pictures, by its number', async () => {
    const result = await vistazo(['ask', 'good.png', 'half.png', 'What?']);
    expectComplaint(result, 1, 'picture.corrupt');
    expect(result.err).toContain('Picture 2 of 2: The picture is cut off');
  });

  it('standard input without bytes, and takes one with a picture', async () => {
    expectComplaint(await vistazo(['ask', '-', 'What?'], ''), 1, 'picture.empty');
    expect(await vistazo(['ask', '-', 'What?'], await goodPicture())).toMatchObject({ code: 0 });
  });

  it('a data folder that is a file', async () => {
    const result = await vistazo(['start', '--port', '0', '--data', 'good.png']);
    expectComplaint(result, 1, 'file.unreadable');
    expect(result.err).toContain('choose another with --data');
  });
});

describe('vistazo ask', () => {
  it('answers about a picture with the wrong extension', async () => {
    await cp(join(folder, 'good.png'), join(folder, 'good.jpg'));
    const { code, out } = await vistazo(['ask', 'good.jpg', 'What color is it?']);
    expect([code, out.trim().length > 0]).toEqual([0, true]);
  });
});

describe('a model folder', () => {
  const copyOf = async (name: string) => {
    const copy = join(folder, name);
    await cp(nanoModelFolder, copy, { recursive: true });
    return copy;
  };

  const change = async (copy: string, file: string, values: object) => {
    const path = join(copy, file);
    const config = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...config, ...values }));
  };

  it.each([
    [
      'with a file missing',
      'missing',
      'model.fileMissing',
      'embed_tokens',
      (copy: string) => rm(join(copy, 'onnx/embed_tokens.onnx')),
    ],
    [
      'with a corrupt graph',
      'corrupt',
      'model.invalidGraph',
      'vision_encoder',
      (copy: string) => truncate(join(copy, 'onnx/vision_encoder.onnx'), 5000),
    ],
    [
      'with a graph of another shape',
      'swapped',
      'model.invalidGraph',
      'pixel_values',
      (copy: string) =>
        cp(join(copy, 'onnx/embed_tokens.onnx'), join(copy, 'onnx/vision_encoder.onnx')),
    ],
    [
      'with a configuration that is no JSON',
      'json',
      'model.invalidConfig',
      'config.json',
      (copy: string) => writeFile(join(copy, 'config.json'), '{'),
    ],
    [
      'with an empty graph',
      'empty',
      'model.invalidGraph',
      'decoder_model_merged',
      (copy: string) => truncate(join(copy, 'onnx/decoder_model_merged.onnx'), 0),
    ],
    [
      'whose tiles are of another size than its graph',
      'tiles',
      'model.invalidGraph',
      'makes [1, 1, 3, 100, 100]; the files do not belong together',
      (copy: string) =>
        change(copy, 'preprocessor_config.json', { max_image_size: { longest_edge: 100 } }),
    ],
    [
      'of another family',
      'family',
      'model.unsupported',
      'bert',
      (copy: string) => change(copy, 'config.json', { model_type: 'bert' }),
    ],
  ] as const)(
    '%s is refused by ask, and doctor says the same',
    async (_, name, code, words, spoil) => {
      await spoil(await copyOf(name));
      const asked = await vistazo(['ask', 'Hello', '--model', `./${name}`]);
      expectComplaint(asked, 1, code);
      expect(asked.err).toContain(words);
      const doctor = await vistazo(['doctor', '--json', '--model', `./${name}`]);
      expect(doctor.code).toBe(1);
      const { ok, findings } = JSON.parse(doctor.out);
      const wrong = findings.filter((finding: { ok: boolean }) => !finding.ok);
      expect(ok).toBe(false);
      expect(asked.err).toContain(wrong.at(-1).found);
    },
  );

  it('whose image token is another than its tokenizer’s is refused when it is shown a picture', async () => {
    await change(await copyOf('token'), 'config.json', { image_token_id: 5 });
    const asked = await vistazo(['ask', 'good.png', 'What?', '--model', './token']);
    expectComplaint(asked, 1, 'model.invalidConfig');
    expect(asked.err).toContain('config.json and the tokenizer do not belong together');
  });

  it('that is there comes before a hub id of the same form', async () => {
    await copyOf('owner-name');
    await mkdir(join(folder, 'owner'));
    await cp(join(folder, 'owner-name'), join(folder, 'owner/name'), { recursive: true });
    expect(await vistazo(['ask', 'Hello', '--model', 'owner/name'])).toMatchObject({ code: 0 });
  });
});

describe('vistazo chat', () => {
  it('says what is wrong with each bad picture and answers the next message', async () => {
    const lines = badPictures.flatMap(({ name }) => [`/picture ${name}`, 'What is it?', 'Hello?']);
    const { code, out, err } = await vistazo(['chat'], `${lines.join('\n')}\n`);
    expect(code).toBe(0);
    const complaints = err.trim().split('\n');
    expect(complaints).toEqual(
      badPictures.map(
        ({ code, sentence }) => `${sentence} The pictures of this message were dropped. [${code}]`,
      ),
    );
    expect(out.trim().split('\n')).toHaveLength(badPictures.length);
  });

  it('goes on after a picture that is not there, a message too long and an empty one', async () => {
    const lines = ['/picture nowhere.png', 'word '.repeat(20_000), '   ', 'Hello?'];
    const { code, out, err } = await vistazo(['chat'], lines.join('\n'));
    expect(code).toBe(0);
    expect(err).toMatch(
      /\[file\.unreadable\]\nThe message needs .*; shorten the text or .*\[chat\.tooLong\]\n$/,
    );
    expect(out.trim().split('\n')).toHaveLength(1);
  });

  it('keeps a picture for the next message, and lets the conversation go on', async () => {
    const input =
      '/picture good.png\nWhat color is it?\nAnd now?\n/new\nHello?\n/quit\nnever read\n';
    const { code, out, err } = await vistazo(['chat'], input);
    expect([code, err, out.trim().split('\n').length]).toEqual([0, '', 3]);
  });

  it('goes on past the length of the context, and says once what it left out', async () => {
    const lines = Array.from({ length: 4 }, (_, index) => `${index}: ${'word '.repeat(3000)}`);
    const { code, out, err } = await vistazo(['chat'], `${lines.join('\n')}\nHello?\n`);
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(5);
    const told = err.trim().split('\n');
    expect(told[0]).toMatch(/^The message “0: word word .*…” \(\d+ tokens\) was left out to fit/);
    expect(told.filter((sentence) => sentence.includes('“0: word'))).toHaveLength(1);
  });
});

describe('vistazo eval', () => {
  const line = (image: string) => ({
    task: 'bad',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', image },
          { type: 'text', text: 'What?' },
        ],
      },
    ],
    answer: 'nothing',
  });

  it('counts a case with a bad picture as wrong, names it, and goes on', async () => {
    const names = [...badPictures.map(({ name }) => name), 'nowhere.png', 'good.png'];
    await writeFile(
      join(folder, 'bad.jsonl'),
      names.map((name) => JSON.stringify(line(name))).join('\r\n'),
    );
    const { code, out, err } = await vistazo(['eval', 'bad.jsonl', '--json', '--details']);
    expect(code).toBe(0);
    const { details, ...scores } = JSON.parse(out);
    const score = { right: 0, of: names.length };
    expect(scores).toEqual({ tasks: { bad: score }, ...score });
    expect(details.map(({ error }: { error?: { code: string } }) => error?.code)).toEqual([
      ...badPictures.map(({ code }) => code),
      'file.unreadable',
      undefined,
    ]);
    expect(err.trim().split('\n')).toHaveLength(names.length - 1);
    expect(err).toMatch(/^bad\.jsonl:1: This is text/);
  });

  it.each([
    ['no cases', '\n\n', 'has no cases'],
    ['a line that is no JSON', '{', ':1 is not JSON'],
    [
      'a case without an answer',
      '{"task":"a","messages":[{"role":"user","content":"x"}]}',
      'answer',
    ],
    ['no messages', '{"task":"a","messages":[],"answer":"x"}', 'messages'],
    [
      'a part of another kind',
      '{"task":"a","messages":[{"role":"user","content":[{"type":"audio"}]}],"answer":"x"}',
      'messages[0].content[0].type is not in the chat format',
    ],
    [
      'an unknown role',
      '\n{"task":"a","messages":[{"role":"bot","content":"x"}],"answer":"x"}',
      ':2 is not a case: messages[0].role is not in the chat format',
    ],
  ])('refuses %s before it loads the model', async (_, content, words) => {
    await writeFile(join(folder, 'cases.jsonl'), content);
    const result = await vistazo(['eval', 'cases.jsonl', '--model', './nowhere']);
    expectComplaint(result, 1, 'chat.invalid');
    expect(result.err).toContain(words);
  });

  it('refuses a file that is not there', async () => {
    expectComplaint(await vistazo(['eval', 'nowhere.jsonl']), 1, 'file.unreadable');
  });
});
