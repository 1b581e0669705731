import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { measureAnswers, measureEmbeddings } from '../../../parity/measure-parity.ts';
import { measuredFamilies } from '../../../parity/measured-families.ts';
import { type FamilyCase, familyFolder } from './family-case.ts';

/** What the scripts in test/reference/ write down, as far as it is changed here. */
interface ChangedVectors {
  cases: Record<string, Required<FamilyCase>>;
  texts: { ids: number[]; embedding: number[] }[];
  pictures: { pixels: string }[];
}

/** A copy of a folder in which `change` was done to what Python answers. */
async function withChange<T>(
  name: string,
  change: (vectors: ChangedVectors) => void,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'vistazo-parity-'));
  try {
    await cp(familyFolder(name), copy, { recursive: true });
    const file = join(copy, 'vectors.json');
    const vectors = JSON.parse(await readFile(file, 'utf8'));
    change(vectors);
    await writeFile(file, JSON.stringify(vectors));
    return await use(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

describe('npm run parity', () => {
  it('measures a model of every family', () => {
    const families = fileURLToPath(
      new URL('../../../../packages/core/src/inference/family', import.meta.url),
    );
    const measured = measuredFamilies.map(({ family }) => `'${family}'`);
    const missing = readdirSync(families, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .filter(({ name }) => {
        const source = readFileSync(join(families, name, 'family.ts'), 'utf8');
        return !measured.some((type) => source.includes(type));
      });
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('finds what an answer differs in', async () => {
    const { rows } = await withChange(
      'tiny-llava',
      ({ cases }) => {
        const [none, one, thin, several] = Object.values(cases);
        none?.tokens.splice(63, 1, 5);
        one?.pixels.splice(0, 1, '');
        thin?.inputIds.push(5);
        several?.logits[63]?.splice(7, 1, 100);
      },
      (folder) => measureAnswers(folder, 'llava'),
    );
    expect(rows.map(({ tokensEqual }) => tokensEqual)).toEqual([false, true, true, true, true]);
    expect(rows.map(({ pixelsMaxDiff }) => pixelsMaxDiff)).toEqual([0, null, 0, 0, 0]);
    expect(rows.map(({ idsEqual }) => idsEqual)).toEqual([true, true, false, true, true]);
    expect(rows.map(({ logitsMaxRelDiff }) => logitsMaxRelDiff < 1e-4)).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
    expect(rows.map(({ pictures }) => pictures)).toEqual([0, 1, 1, 3, 3]);
  });

  it('finds what an embedding differs in', async () => {
    const { rows } = await withChange(
      'tiny-clip',
      ({ texts, pictures }) => {
        texts[0]?.ids.splice(1, 1, 0);
        texts[1]?.embedding.splice(3, 1, 0.9);
        pictures[0] = Object.assign(pictures[0] ?? {}, { pixels: '' });
      },
      (folder) => measureEmbeddings(folder, 'clip'),
    );
    const wrong = rows.filter(
      ({ idsEqual, pixelsMaxDiff, logitsMaxRelDiff }) =>
        !idsEqual || pixelsMaxDiff !== 0 || logitsMaxRelDiff >= 1e-4,
    );
    expect(wrong).toHaveLength(3);
  });
});
