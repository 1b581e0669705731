// npm run bench:triage -- --folder SCREENSHOTS [--reading questions] [--limit 200] [--products A,B]: how many fields of drawn
// error dialogs the embedded model reads exactly, all at once (object) or question by question. Pictures and
// what they say are written by training/nano_training/write_screenshots.py. Prints rows for docs/benchmarks.md.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLocalModel } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { nanoModelFolder } from '@vistazo/nano';
import { triage } from '@vistazo/plugins';
import { isSameIncident, type Occurrence } from '../packages/plugins/dist/triage/incident.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    reading: { type: 'string', default: 'questions' },
    limit: { type: 'string', default: '200' },
    products: { type: 'string', default: '' },
  },
});
const { folder } = values;
const reading = values.reading === 'object' ? 'object' : 'questions';
if (folder === undefined) throw new Error('Name the folder of the screenshots: --folder PATH.');

const fields = ['product', 'errorMessage', 'errorCode', 'language'] as const;
type Fields = Record<(typeof fields)[number], string>;
type Reading = Occurrence & Fields & { confidence?: number };

const lines = (await readFile(join(folder, 'fields.jsonl'), 'utf8')).trim().split('\n');
const cases = lines
  .slice(0, Number(values.limit))
  .map((line) => JSON.parse(line) as Fields & { picture: string });

/** Of the house; a dialog of another one is of `other`. */
const products = values.products === '' ? [] : values.products.split(',');
if (products.length > 0)
  for (const each of cases) if (!products.includes(each.product)) each.product = 'other';

const model = await createLocalModel({ model: nanoModelFolder });

/** What the plugin keeps of each screenshot, in order. */
async function readAll(): Promise<(Reading | undefined)[]> {
  await using bot = await createTestBot({
    model,
    plugins: [triage({ reading, products, groupDays: 0 })],
  });
  const storage = bot.store.pluginStorage('triage', 'tenant');
  const readings: (Reading | undefined)[] = [];
  for (const { picture } of cases) {
    const known = new Set(await storage.keys('ticket '));
    const pictures = [await readFile(join(folder as string, picture))];
    await bot.ask('', { pictures, conversationKey: picture });
    const added = (await storage.keys('ticket ')).find((key) => !known.has(key));
    // A reading that failed left no ticket.
    readings.push(added === undefined ? undefined : ((await storage.get(added)) as Reading));
  }
  return readings;
}

/** Tickets that would join one of another dialog before them, as they were read. */
function joinedWrongly(readings: readonly (Reading | undefined)[]): number {
  const isOther = (a: number, b: number) =>
    fields.some((field) => cases[a]?.[field] !== cases[b]?.[field]);
  return readings.filter((reading, index) =>
    readings
      .slice(0, index)
      .some(
        (earlier, place) =>
          reading !== undefined &&
          earlier !== undefined &&
          isOther(index, place) &&
          isSameIncident(earlier, reading),
      ),
  ).length;
}

function share(right: number, of: number): string {
  return of === 0 ? '–' : `${((100 * right) / of).toFixed(1)} % (${right}/${of})`;
}

function rowsOf(readings: readonly (Reading | undefined)[]): string[] {
  const isRight = (index: number, field: keyof Fields) =>
    readings[index]?.[field] === cases[index]?.[field];
  const exact = fields.map((field) =>
    share(cases.filter((_, index) => isRight(index, field)).length, cases.length),
  );
  const sure = readings.flatMap((reading, index) =>
    (reading?.confidence ?? 0) >= 0.9 ? [isRight(index, 'errorMessage')] : [],
  );
  const unsure = readings.flatMap((reading, index) =>
    (reading?.confidence ?? 0) < 0.9 ? [isRight(index, 'errorMessage')] : [],
  );
  return [
    ...exact,
    share(sure.filter(Boolean).length, sure.length),
    share(unsure.filter(Boolean).length, unsure.length),
    share(joinedWrongly(readings), cases.length),
  ];
}

try {
  const startedMs = performance.now();
  const shares = rowsOf(await readAll());
  const eachMs = (performance.now() - startedMs) / cases.length;
  const labels = [
    ...fields.map((field) => `${field}, exact`),
    'errorMessage exact where confidence ≥ 0.9',
    'errorMessage exact where it is lower',
    'would join the incident of another dialog',
  ];
  const rows = labels.map((label, index) => `| ${label} | ${shares[index]} |`);
  const head = [`| ${cases.length} screenshots | \`${reading}\` |`, '|---|---:|'];
  const time = `| time for each | ${Math.round(eachMs)} ms |`;
  process.stdout.write(`${[...head, ...rows, time].join('\n')}\n`);
} finally {
  await model.close();
}
