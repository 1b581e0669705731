const majorBrandAt = 8;

/**
 * The AVIF with `avif` as its major brand, a copy where it had another one. The decoder refuses files that
 * call themselves a sequence first (`avis`), though each holds a still picture too, its first frame.
 */
export function asStillAvif(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString('latin1', majorBrandAt, majorBrandAt + 4) === 'avif') return bytes;
  const copy = Buffer.from(file);
  copy.write('avif', majorBrandAt, 'latin1');
  return copy;
}

/**
 * Whether the colours of an AVIF are multiplied by their opacity already, which the decoder does not undo.
 * Source: ISO/IEC 23008-12, the `prem` item reference.
 */
export function isPremultiplied(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const references = contentOf(contentOf(file, 'meta'), 'iref');
  return contentOf(references, 'prem').length > 0;
}

/** Boxes below `meta` and `iref` begin after a version and flags. */
const fullBoxes: ReadonlySet<string> = new Set(['meta', 'iref']);

/** Content of the first box of this type; nothing where there is none. Source: ISO/IEC 14496-12. */
function contentOf(boxes: Buffer, type: string): Buffer {
  let at = 0;
  while (at + 8 <= boxes.length) {
    const size = boxes.readUInt32BE(at);
    if (boxes.toString('latin1', at + 4, at + 8) === type) {
      return boxes.subarray(at + (fullBoxes.has(type) ? 12 : 8), at + size);
    }
    // A size of 0 or 1 is one that does not fit into 32 bits, or is not known: nothing small follows.
    if (size < 8) break;
    at += size;
  }
  return boxes.subarray(0, 0);
}
