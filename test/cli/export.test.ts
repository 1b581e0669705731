import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeBot, pictureOf, temporaryFolder } from '../core/bot/bot-fixture.ts';
import { runVistazo } from './run-vistazo.ts';

/** A data folder with two conversations about one picture, of which people agreed to the first. */
async function dataFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, '.vistazo'));
  const { service, store } = await makeBot([], { path: join(folder, '.vistazo/vistazo.sqlite') });
  for (const consent of [true, false]) {
    const { id } = await service.createConversation();
    const message = { text: 'What?', pictures: [{ bytes: await pictureOf(255) }] };
    for await (const _ of service.send(id, message));
    await service.setConsent(id, consent);
  }
  await service.close();
  await store.close();
  return folder;
}

const python = process.env.VISTAZO_PYTHON ?? 'python3';
const hasDatasets = spawnSync(python, ['-c', 'import datasets, PIL']).status === 0;
const loader = `
import json
from datasets import load_dataset
rows = load_dataset("imagefolder", data_dir="out", split="train", cache_dir="cache")
print(json.dumps([[row["messages"], [image.size for image in row["images"]]] for row in rows]))
`;

describe.skipIf(!hasDatasets)(
  'an export in Python (needs datasets; VISTAZO_PYTHON names it)',
  () => {
    it('is loaded with its messages and pictures', async () => {
      const cwd = await dataFolder();
      await runVistazo(['export', 'out'], { cwd });
      const { stdout, stderr } = spawnSync(python, ['-c', loader], { cwd, encoding: 'utf8' });
      expect(stdout, stderr).not.toBe('');
      const message = {
        role: 'user',
        content: [{ type: 'image' }, { type: 'text', text: 'What?' }],
      };
      for (const [messages, sizes] of JSON.parse(stdout)) {
        expect(messages[0]).toMatchObject(message);
        expect(sizes).toEqual([[2, 3]]);
      }
    });
  },
);

describe('vistazo export', () => {
  it('writes conversations as JSON lines with their pictures beside', async () => {
    const cwd = await dataFolder();
    const { code, out } = await runVistazo(['export', 'out', '--json'], { cwd });
    expect([code, JSON.parse(out)]).toEqual([0, { conversations: 2, pictures: 1 }]);
    const lines = (await readFile(join(cwd, 'out/metadata.jsonl'), 'utf8')).trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line));
    expect(rows.map(({ consent }) => consent).sort()).toEqual([false, true]);
    for (const row of rows) {
      expect(row).toMatchObject({
        messages: [
          { role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'What?' }] },
          { role: 'assistant', content: [{ type: 'text', text: 'Yes.' }] },
        ],
        ratings: ['none', 'none'],
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      });
      const [name] = row.images_file_names;
      expect(await sharp(join(cwd, 'out', name)).metadata()).toMatchObject({ width: 2, height: 3 });
    }
    expect(await readdir(join(cwd, 'out/images'))).toHaveLength(1);
  });

  it('writes only what it is asked for', async () => {
    const cwd = await dataFolder();
    const counts = async (name: string, ...flags: string[]) =>
      JSON.parse((await runVistazo(['export', name, '--json', ...flags], { cwd })).out);
    expect(await counts('a', '--consented')).toEqual({ conversations: 1, pictures: 1 });
    expect(await counts('b', '--rated', 'up')).toEqual({ conversations: 0, pictures: 0 });
    expect(await counts('c', '--until', '2020-01-01')).toEqual({ conversations: 0, pictures: 0 });
    expect(await counts('d', '--tenant', 'other')).toEqual({ conversations: 0, pictures: 0 });
  });

  it.each([
    ['a folder with something in it', ['.'], 2, 'is not empty; name another folder'],
    ['a data folder without conversations', ['out', '--data', 'no'], 1, 'say with --data'],
    ['a file as its folder', ['file'], 1, 'file cannot be made'],
    ['a date that is none', ['out', '--since', 'tuesday'], 2, 'It is not a date'],
  ])('refuses %s', async (_, args, exitCode, words) => {
    const cwd = await dataFolder();
    await writeFile(join(cwd, 'file'), '');
    const { code, out, err } = await runVistazo(['export', ...args], { cwd });
    expect([code, out]).toEqual([exitCode, '']);
    expect(err).toMatch(/^[^\n]+ \[[a-zA-Z.]+\]\n$/);
    expect(err).toContain(words);
  });
});
