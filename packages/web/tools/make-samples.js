// Draws the sample pictures of the chat page: node tools/make-samples.js (needs DejaVu fonts).
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('../page/public/samples/', import.meta.url));
const font = 'font-family="DejaVu Sans"';
const svg = (width, height, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;

function barChart() {
  const bars = [
    ['Mon', 18],
    ['Tue', 27],
    ['Wed', 42],
    ['Thu', 33],
    ['Fri', 12],
  ];
  const columns = bars.map(([label, value], index) => {
    const x = 90 + index * 100;
    const height = value * 6.5;
    return `<rect x="${x}" y="${370 - height}" width="64" height="${height}" fill="#1f77b4"/>
      <text x="${x + 32}" y="${362 - height}" ${font} font-size="20" text-anchor="middle">${value}</text>
      <text x="${x + 32}" y="402" ${font} font-size="20" text-anchor="middle">${label}</text>`;
  });
  return svg(
    640,
    440,
    `<rect width="640" height="440" fill="#fff"/>
    <text x="320" y="44" ${font} font-size="26" text-anchor="middle">Visitors per day</text>
    <path d="M70 70 V370 H600" stroke="#333" stroke-width="2" fill="none"/>${columns.join('')}`,
  );
}

function shapes() {
  return svg(
    400,
    300,
    `<rect width="400" height="300" fill="#f4f1ea"/>
    <circle cx="67" cy="50" r="42" fill="#d62728"/>
    <rect x="295" y="12" width="76" height="76" fill="#1f5fd6"/>
    <path d="M200 208 L236.4 271 H163.6 Z" fill="#2ca02c"/>`,
  );
}

function dialog() {
  return svg(
    560,
    280,
    `<rect width="560" height="280" fill="#7a8794"/>
    <rect x="30" y="30" width="500" height="220" rx="8" fill="#fff"/>
    <path d="M30 38 a8 8 0 0 1 8 -8 H522 a8 8 0 0 1 8 8 V72 H30 Z" fill="#e8ecf1"/>
    <text x="50" y="58" ${font} font-size="18">Nimbus Mail</text>
    <circle cx="78" cy="125" r="22" fill="#d62728"/><text x="78" y="134" ${font} font-size="26" fill="#fff" text-anchor="middle">!</text>
    <text x="118" y="120" ${font} font-size="20">The server did not answer.</text>
    <text x="118" y="152" ${font} font-size="18" fill="#444">Error code: E-2041</text>
    <rect x="290" y="195" width="100" height="38" rx="5" fill="#1f5fd6"/><text x="340" y="220" ${font} font-size="18" fill="#fff" text-anchor="middle">Retry</text>
    <rect x="405" y="195" width="100" height="38" rx="5" fill="#dfe4ea"/><text x="455" y="220" ${font} font-size="18" text-anchor="middle">Cancel</text>`,
  );
}

function sign() {
  return svg(
    480,
    240,
    `<rect width="480" height="240" fill="#9fb7c9"/>
    <rect x="40" y="40" width="400" height="160" rx="12" fill="#14532d"/>
    <text x="240" y="140" ${font} font-weight="bold" font-size="56" fill="#fff" text-anchor="middle">OPEN 24 H</text>`,
  );
}

function whiteboard() {
  return svg(
    520,
    300,
    `<rect width="520" height="300" fill="#c9ccd1"/><rect x="16" y="16" width="488" height="268" fill="#fdfdfb"/>
    <text x="260" y="172" font-family="Humor Sans, Comic Neue, DejaVu Sans" font-size="72" fill="#1a3fb0" text-anchor="middle" transform="rotate(-2 260 150)">12 + 7 = ?</text>`,
  );
}

const samples = {
  'bar-chart': barChart(),
  shapes: shapes(),
  dialog: dialog(),
  sign: sign(),
  whiteboard: whiteboard(),
};
for (const [name, source] of Object.entries(samples)) {
  await sharp(Buffer.from(source)).png({ palette: true }).toFile(`${folder}${name}.png`);
}
