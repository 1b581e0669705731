import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pdf } from '../core/media/pdf-files.ts';
import { type RunOptions, runVistazo } from './run-vistazo.ts';

let folder: string;
let picture: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-cli-'));
  picture = join(folder, 'red.png');
  await sharp({ create: { width: 80, height: 60, channels: 3, background: 'red' } })
    .png()
    .toFile(picture);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const vistazo = (args: string[], signal?: RunOptions['signal']) =>
  runVistazo(args, { cwd: folder, ...(signal !== undefined && { signal }) });

describe('vistazo ask', () => {
  it('prints answer, model, token counts and timings as JSON', async () => {
    const { code, out } = await vistazo(['ask', picture, 'What color is it?', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      answer: expect.any(String),
      model: '@vistazo/nano',
      tokens: { prompt: expect.any(Number), image: expect.any(Number), answer: expect.any(Number) },
      timings: { timeToFirstTokenMs: expect.any(Number) },
    });
  });

  it('looks at the pages of a document', async () => {
    const imageTokens = async (name: string) => {
      const { out } = await vistazo(['ask', name, 'What color is it?', '--json']);
      return JSON.parse(out).tokens.image;
    };
    for (const count of [1, 3]) {
      const bytes = pdf(Array.from({ length: count }, () => ({ colour: [1, 0, 0] as const })));
      await writeFile(join(folder, `${count}.pdf`), bytes);
    }
    expect(await imageTokens('3.pdf')).toBe(3 * (await imageTokens('1.pdf')));
    await writeFile(join(folder, 'locked.pdf'), pdf([{}], { password: 'x' }));
    const { code, err } = await vistazo(['ask', 'locked.pdf', 'What is it?']);
    expect([code, err]).toEqual([1, expect.stringContaining('[picture.encrypted]')]);
  });

  it('holds the answer to a JSON Schema from a file', async () => {
    const schema = {
      type: 'object',
      properties: {
        color: { const: 'très red' },
        many: { type: 'integer', minimum: 3, maximum: 3 },
      },
      required: ['color', 'many'],
    };
    await writeFile(join(folder, 'schema.json'), JSON.stringify(schema));
    const { code, out } = await vistazo([
      ...['ask', picture, 'What color is it?', '--json-schema', 'schema.json'],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ color: 'très red', many: 3 });
  });

  it('names a model that is not there', async () => {
    const { code, err } = await vistazo(['ask', picture, 'What is it?', '--model', './nowhere']);
    expect(code).toBe(1);
    expect(err).toContain('[model.notFound]');
  });
});

describe('vistazo eval', () => {
  it('scores each task without minding case, blanks or a final full stop', async () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'image', image: 'red.png' },
          { type: 'text', text: 'What color is it?' },
        ],
      },
    ];
    const { out } = await vistazo(['ask', picture, 'What color is it?', '--json']);
    const { answer } = JSON.parse(out);
    const lines = [
      { task: 'colours', messages, answer: ` ${answer.toUpperCase()}. ` },
      { task: 'colours', messages, answer: 'certainly something else' },
      { task: 'other', messages, answer },
    ];
    await writeFile(
      join(folder, 'cases.jsonl'),
      lines.map((line) => JSON.stringify(line)).join('\n'),
    );
    const result = await vistazo(['eval', 'cases.jsonl', '--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.out)).toEqual({
      tasks: { colours: { right: 1, of: 2 }, other: { right: 1, of: 1 } },
      right: 2,
      of: 3,
    });
  });
});

describe('vistazo', () => {
  it('start prints its address and which model answers, and ends when asked to', async () => {
    const { code, out } = await vistazo(['start', '--port', '0'], {
      name: 'SIGTERM',
      after: 'To switch',
    });
    expect(code).toBe(0);
    expect(out).toMatch(/Vistazo is at http:\/\/127\.0\.0\.1:\d+/);
    expect(out).toContain('@vistazo/nano (fp32) answers.');
    expect(out).toContain('--model HuggingFaceTB/SmolVLM-256M-Instruct');
  });

  it('start refuses an address that others can reach without a secret', async () => {
    const { code, err } = await vistazo(['start', '--host', '0.0.0.0', '--port', '0']);
    expect(code).toBe(2);
    expect(err).toContain('set a secret');
  });

  it('models lists the embedded model with its sizes', async () => {
    const { out } = await vistazo(['models', '--json', '--cache-dir', folder]);
    expect(JSON.parse(out)[0]).toMatchObject({
      id: '@vistazo/nano (embedded)',
      variants: [{ name: 'fp32' }],
    });
  });

  it('doctor finds nothing wrong with a whole installation, and says what is wrong with a broken one', async () => {
    const healthy = await vistazo(['doctor', '--json']);
    expect([healthy.code, JSON.parse(healthy.out).ok]).toEqual([0, true]);
    const broken = await vistazo(['doctor', '--json', '--model', './nowhere']);
    expect([broken.code, JSON.parse(broken.out).ok]).toEqual([1, false]);
    const { findings } = JSON.parse(healthy.out);
    expect(findings).toContainEqual({
      what: 'Model files',
      ok: true,
      found: expect.stringContaining('it knows no photographs, for which --model '),
    });
    expect(findings).toContainEqual({
      what: 'Videos',
      ok: true,
      found: expect.stringMatching(/^(read by \/.*ffmpeg|not looked at: ffmpeg is not installed)/),
    });
  });
});
