// npm run parity [-- --json FILE]: every family against Python transformers, by the vectors in test/reference/.
// Writes docs/parity.md; ends with 1 when a family differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { familyFolder } from '../core/inference/family/family-case.ts';
import { measureAnswers, measureEmbeddings, type ParityRow } from '../parity/measure-parity.ts';
import { measuredFamilies } from '../parity/measured-families.ts';

const maxLogitsDiff = 1e-4;

const isEqual = (row: ParityRow): boolean =>
  row.pixelsMaxDiff === 0 &&
  row.idsEqual &&
  row.logitsMaxRelDiff < maxLogitsDiff &&
  row.tokensEqual !== false;

const yes = (value: boolean | null) => (value === null ? '–' : value ? 'equal' : '**differ**');

function tableRow({ title, rows }: { title: string; rows: readonly ParityRow[] }): string {
  const pixels = rows.every(({ pixelsMaxDiff }) => pixelsMaxDiff === 0) ? '0' : '**differ**';
  const logits = Math.max(...rows.map(({ logitsMaxRelDiff }) => logitsMaxRelDiff));
  const tokens = rows.every(({ tokensEqual }) => tokensEqual === null)
    ? null
    : rows.every(({ tokensEqual }) => tokensEqual !== false);
  const pictures = [...new Set(rows.map((row) => row.pictures))].toSorted((a, b) => a - b);
  const ids = rows.every(({ idsEqual }) => idsEqual);
  return `| ${title} | ${pictures.join(', ')} | ${pixels} | ${yes(ids)} | ${logits.toExponential(1)} | ${yes(tokens)} |`;
}

const { values } = parseArgs({ options: { json: { type: 'string' } } });
const measured = [];
for (const { family, title, folder, kind } of measuredFamilies) {
  const measure = kind === 'embeddings' ? measureEmbeddings : measureAnswers;
  const { transformers, rows } = await measure(familyFolder(folder), family);
  measured.push({ title, transformers, rows });
  for (const row of rows) console.log(JSON.stringify(row));
}
const rows = measured.flatMap((each) => each.rows);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);

const versions = [...new Set(measured.map(({ transformers }) => transformers))].join(', ');
const document = readFileSync(new URL('../parity/parity.template.md', import.meta.url), 'utf8')
  .replace('{versions}', versions)
  .replace('{rows}', measured.map(tableRow).join('\n'));
writeFileSync(new URL('../../docs/parity.md', import.meta.url), document);
const different = rows.filter((row) => !isEqual(row));
console.log(`${rows.length - different.length} of ${rows.length} cases are equal.`);
process.exitCode = different.length === 0 && rows.length > 0 ? 0 : 1;
