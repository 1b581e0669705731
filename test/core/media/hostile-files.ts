import { crc32, deflateSync } from 'node:zlib';

/** A PNG of some kilobytes that says it is of this size; its pixels are not there. */
export function pngOfSize(widthPx: number, heightPx: number): Uint8Array {
  return png(widthPx, heightPx, Buffer.alloc(1000));
}

/** A PNG in black and white of some kilobytes that really inflates to this size. */
export function pngBomb(widthPx: number, heightPx: number): Uint8Array {
  return png(widthPx, heightPx, Buffer.alloc(heightPx * (1 + Math.ceil(widthPx / 8))));
}

function png(widthPx: number, heightPx: number, rows: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A JPEG header that says it is of this size, with nothing after it. */
export function jpegOfSize(widthPx: number, heightPx: number): Uint8Array {
  const frame = Buffer.from('ffd8ffc0001108000000000301110002110003110 0'.replace(' ', ''), 'hex');
  frame.writeUInt16BE(heightPx, 7);
  frame.writeUInt16BE(widthPx, 9);
  return Buffer.concat([
    frame,
    Buffer.from('ffda000c03010002000300003f00', 'hex'),
    Buffer.alloc(64),
  ]);
}

const gifPixel = Buffer.from('2c000000000100010000020244010000', 'hex').subarray(0, 15);

/** A GIF of `frames` frames of one pixel each, on a canvas of this size. */
export function gif(frames: number, widthPx = 1, heightPx = 1): Uint8Array {
  const head = Buffer.from('474946383961000000008000000000000000ffffff', 'hex').subarray(0, 19);
  head.writeUInt16LE(widthPx, 6);
  head.writeUInt16LE(heightPx, 8);
  const all = Buffer.alloc(head.length + frames * gifPixel.length + 1, 0x3b);
  all.set(head);
  for (let i = 0; i < frames; i += 1) all.set(gifPixel, head.length + i * gifPixel.length);
  return all;
}
