// npm run bench:near [-- --dialogs 100]: how near the perceptual hashes of copies of a screenshot are, and of
// dialogs of one look that say something else; and which of them triage takes for the same incident, when
// their words are read rightly. Prints a table for docs/benchmarks.md.
import { parseArgs } from 'node:util';
import { MediaProcess } from '@vistazo/core';
import sharp from 'sharp';
import {
  differentBits,
  isSameIncident,
  type Occurrence,
} from '../packages/plugins/dist/triage/incident.js';

const { values } = parseArgs({ options: { dialogs: { type: 'string', default: '100' } } });

/** Numbers in [0, 1), the same in every run. Source: Park and Miller, minimal standard. */
let state = 7;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const messages = [
  ...['The connection was lost.', 'File not found.', 'Access denied.', 'The disk is full.'],
  ...['The server did not respond.', 'Could not save the file.', 'Login failed.', 'Out of memory.'],
  ...['Invalid password.', 'The update failed.', 'The printer is offline.', 'Payment declined.'],
];
const tone = () => Math.floor(60 + 160 * random());
const newCode = () => `E-${Math.floor(1000 + 9000 * random())}`;

interface Look {
  widthPx: number;
  heightPx: number;
  desktop: string;
  bar: string;
  share: number;
  product: string;
  button: string;
}

function newLook(): Look {
  const widthPx = pick([480, 800, 1280, 1920]);
  return {
    widthPx,
    heightPx: Math.round(widthPx * pick([0.5, 0.5625, 0.66])),
    desktop: `rgb(${tone()},${tone()},${tone()})`,
    bar: pick(['#0055aa', '#3c3c41', '#c8d2e1']),
    share: pick([0.35, 0.5, 0.7, 0.9]),
    product: pick(['Nimbus', 'Orbit Mail', 'DataSync', 'Ledger']),
    button: pick(['OK', 'Retry', 'Close']),
  };
}

function draw(look: Look, message: string, code: string): Promise<Buffer> {
  const width = look.widthPx * look.share;
  const height = 0.45 * width;
  const x = (look.widthPx - width) / 2;
  const y = Math.max(0, (look.heightPx - height) / 2);
  const em = width / 24;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${look.widthPx}" height="${look.heightPx}">
    <rect width="100%" height="100%" fill="${look.desktop}"/>
    <rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#fff"/>
    <rect x="${x}" y="${y}" width="${width}" height="${1.8 * em}" fill="${look.bar}"/>
    <g font-family="sans-serif" font-size="${em}">
      <text x="${x + em}" y="${y + 1.25 * em}" fill="#fff">${look.product}</text>
      <circle cx="${x + 2 * em}" cy="${y + 4 * em}" r="${em}" fill="#c33"/>
      <text x="${x + 4 * em}" y="${y + 4.3 * em}">${message}</text>
      <text x="${x + 4 * em}" y="${y + 6 * em}">Error code: ${code}</text>
      <rect x="${x + width - 5 * em}" y="${y + height - 2.6 * em}" width="${4 * em}" height="${1.8 * em}" fill="#ddd"/>
      <text x="${x + width - 4 * em}" y="${y + height - 1.4 * em}">${look.button}</text>
    </g>
  </svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

const cut = (png: Buffer, { widthPx, heightPx }: Look, share: number) =>
  sharp(png)
    .extract({
      left: Math.round(share * widthPx),
      top: Math.round(share * heightPx),
      width: Math.round((1 - 2 * share) * widthPx),
      height: Math.round((1 - 2 * share) * heightPx),
    })
    .png()
    .toBuffer();

await using resources = new AsyncDisposableStack();
const media = new MediaProcess();
resources.defer(() => media.close());

const found = new Map<string, { bits: number; isSame: boolean }[]>();
for (let index = 0; index < Number(values.dialogs); index += 1) {
  const [look, otherLook, errorMessage, errorCode] = [
    newLook(),
    newLook(),
    pick(messages),
    newCode(),
  ];
  const otherMessage = pick(messages.filter((each) => each !== errorMessage));
  const otherCode = newCode();
  const occurrence = async (png: Uint8Array, said: Partial<Occurrence>): Promise<Occurrence> => ({
    ...{ product: look.product, errorMessage, errorCode, pictures: [] },
    ...said,
    pictureHash: await media.perceptualHash(png),
  });
  const png = await draw(look, errorMessage, errorCode);
  const first = await occurrence(png, {});
  const widthPx = (share: number) => Math.round(share * look.widthPx);
  // A copy's product is read otherwise, so that only the picture can tell that it is one.
  const copies: [string, Uint8Array][] = [
    ['JPEG of quality 50', await sharp(png).jpeg({ quality: 50 }).toBuffer()],
    ['WebP of quality 60', await sharp(png).webp({ quality: 60 }).toBuffer()],
    ['half the size', await sharp(png).resize(widthPx(0.5)).png().toBuffer()],
    ['0.73 of the size, JPEG', await sharp(png).resize(widthPx(0.73)).jpeg().toBuffer()],
    ['1.5 times the size', await sharp(png).resize(widthPx(1.5)).png().toBuffer()],
    ['1 % cut off each side', await cut(png, look, 0.01)],
    ['3 % cut off each side', await cut(png, look, 0.03)],
  ];
  const others: [string, Uint8Array, Partial<Occurrence>][] = [
    ['other message', await draw(look, otherMessage, errorCode), { errorMessage: otherMessage }],
    ['other code', await draw(look, errorMessage, otherCode), { errorCode: otherCode }],
    [
      'other message, code and look',
      await draw(otherLook, otherMessage, otherCode),
      { errorMessage: otherMessage, errorCode: otherCode, product: otherLook.product },
    ],
  ];
  const compared = [
    ...copies.map(([kind, bytes]) => ({
      kind: `copy: ${kind}`,
      bytes,
      said: { product: 'misread' },
    })),
    ...others.map(([kind, bytes, said]) => ({ kind: `not the same: ${kind}`, bytes, said })),
  ];
  for (const { kind, bytes, said } of compared) {
    const second = await occurrence(bytes, said);
    const bits = differentBits(first.pictureHash ?? '0', second.pictureHash ?? '0');
    const known = found.get(kind) ?? [];
    found.set(kind, [...known, { bits, isSame: isSameIncident(first, second) }]);
  }
}

const rows = [...found].map(([kind, each]) => {
  const sorted = each.map(({ bits }) => bits).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  const joined = each.filter(({ isSame }) => isSame).length;
  return `| ${kind} | ${at(0)} | ${at(0.5)} | ${at(0.95)} | ${at(1)} | ${joined}/${each.length} |`;
});
const head = '| | least | median | p95 | most | same incident |\n|---|---:|---:|---:|---:|---:|';
process.stdout.write(`${[head, ...rows].join('\n')}\n`);
