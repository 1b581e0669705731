import { createHash } from 'node:crypto';

/** A page of a PDF to be made. */
export interface PdfPage {
  /** Red, green and blue from 0 to 1, of the whole page. Default white. */
  colour?: readonly [number, number, number];
  /** In points. Default 300 × 200. */
  size?: readonly [number, number];
  /** Drawn over the colour, in the language of PDF pages. Default nothing. */
  content?: string;
}

/** What a PDF has besides its pages. */
export interface PdfExtras {
  /** More entries of the catalogue, such as an action. */
  catalog?: string;
  /** More entries of every page. */
  page?: string;
  /** More objects, from number 1000 on. */
  objects?: readonly string[];
  /** Opens it. Default none. */
  password?: string;
}

/** A PDF with these pages. */
export function pdf(pages: readonly PdfPage[], extras: PdfExtras = {}): Buffer<ArrayBuffer> {
  const encryption = extras.password === undefined ? undefined : encryptionOf(extras.password);
  const numberOf = (index: number) => 10 + 2 * index;
  const kids = pages.map((_, index) => `${numberOf(index)} 0 R`).join(' ');
  const objects = new Map<number, Buffer>([
    [1, text(`<</Type/Catalog/Pages 2 0 R${extras.catalog ?? ''}>>`)],
    [2, text(`<</Type/Pages/Kids[${kids}]/Count ${pages.length}>>`)],
    [3, text('<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>')],
  ]);
  for (const [index, page] of pages.entries()) {
    const [width, height] = page.size ?? [300, 200];
    const number = numberOf(index);
    const colour = (page.colour ?? [1, 1, 1]).join(' ');
    const content = text(`${colour} rg 0 0 ${width} ${height} re f\n${page.content ?? ''}`);
    const stream = encryption?.encrypt(number + 1, content) ?? content;
    objects.set(
      number,
      text(
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents ${number + 1} 0 R/Resources<</Font<</F1 3 0 R>>>>${extras.page ?? ''}>>`,
      ),
    );
    objects.set(
      number + 1,
      Buffer.concat([text(`<</Length ${stream.length}>>\nstream\n`), stream, text('\nendstream')]),
    );
  }
  for (const [index, object] of (extras.objects ?? []).entries())
    objects.set(1000 + index, text(object));
  return file(objects, encryption?.trailer ?? '');
}

function file(objects: ReadonlyMap<number, Buffer>, trailer: string): Buffer<ArrayBuffer> {
  const pieces = [text('%PDF-1.7\n')];
  const offsets = new Map<number, number>();
  let length = pieces[0]?.length ?? 0;
  const add = (piece: Buffer<ArrayBuffer>) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const [number, object] of objects) {
    offsets.set(number, length);
    add(Buffer.concat([text(`${number} 0 obj\n`), object, text('\nendobj\n')]));
  }
  const startsAt = length;
  const rows = [...offsets].map(
    ([number, offset]) => `${number} 1\n${String(offset).padStart(10, '0')} 00000 n \n`,
  );
  add(text(`xref\n0 1\n0000000000 65535 f \n${rows.join('')}`));
  const size = Math.max(...objects.keys()) + 1;
  add(text(`trailer\n<</Size ${size}/Root 1 0 R${trailer}>>\nstartxref\n${startsAt}\n%%EOF\n`));
  return Buffer.concat(pieces);
}

const text = (content: string): Buffer<ArrayBuffer> => Buffer.from(content, 'latin1');

const padding = Buffer.from(
  '28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a',
  'hex',
);

/** Encryption of revision 2 with 40 bits. Source: ISO 32000-1, 7.6. */
function encryptionOf(password: string) {
  const id = Buffer.alloc(16, 7);
  const padded = Buffer.concat([text(password), padding]).subarray(0, 32);
  const ownerKey = md5(padded).subarray(0, 5);
  const owner = rc4(ownerKey, padded);
  const permissions = Buffer.alloc(4, 0xff);
  const key = md5(Buffer.concat([padded, owner, permissions, id])).subarray(0, 5);
  const user = rc4(key, padding);
  return {
    trailer: `/ID[<${id.toString('hex')}><${id.toString('hex')}>]/Encrypt<</Filter/Standard/V 1/R 2/O<${owner.toString('hex')}>/U<${user.toString('hex')}>/P -1>>`,
    encrypt: (number: number, bytes: Buffer) => {
      const objectKey = Buffer.concat([key, Buffer.from([number, number >> 8, 0, 0, 0])]);
      return rc4(md5(objectKey).subarray(0, 10), bytes);
    },
  };
}

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

function rc4(key: Buffer, bytes: Buffer): Buffer<ArrayBuffer> {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (index: number) => state[index & 255] ?? 0;
  const swap = (one: number, other: number) => {
    const kept = at(one);
    state[one] = at(other);
    state[other] = kept;
  };
  let j = 0;
  for (let i = 0; i < 256; i += 1) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  j = 0;
  return Buffer.from(
    bytes.map((byte) => {
      i = (i + 1) & 255;
      j = (j + at(i)) & 255;
      swap(i, j);
      return byte ^ at(at(i) + at(j));
    }),
  );
}
