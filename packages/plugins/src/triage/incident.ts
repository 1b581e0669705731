import { editDistance, plain } from './likeness.js';
import type { Ticket } from './ticket.js';

/**
 * Hashes that differ in at most so many of their 64 bits are of pictures that are nearly the same. Of 100
 * drawn dialogs, all copies that were encoded anew or resized and 99 of those cut by 1 % do. So do most dialogs
 * of one look with other words, which is why the words have to agree too: see docs/benchmarks.md.
 */
export const nearBits = 6;
/** Share of characters in which messages of nearly the same picture may differ: models misread some. */
const misread = 0.2;
/** Of messages of which a confidence was measured. */
const leastConfidence = 0.97;

/** What tells whether two tickets are of one incident. */
export type Occurrence = Pick<
  Ticket,
  'product' | 'errorMessage' | 'errorCode' | 'pictureHash' | 'pictures' | 'confidence'
>;

/**
 * Whether two tickets tell of the same thing: the same error message in the same product, but for numbers
 * and ids, and no other error code; or nearly the same picture, whose words and code agree but for what may be misread.
 * Pictures without words are the same only where their bytes are.
 */
export function isSameIncident(a: Occurrence, b: Occurrence): boolean {
  return hasSameMessage(a, b) || hasSamePicture(a, b);
}

function hasSameMessage(a: Occurrence, b: Occurrence): boolean {
  const said = withoutIds(a.errorMessage);
  const areCodesOther =
    a.errorCode !== '' && b.errorCode !== '' && plain(a.errorCode) !== plain(b.errorCode);
  return (
    said !== '' &&
    isSure(a) &&
    isSure(b) &&
    said === withoutIds(b.errorMessage) &&
    plain(a.product) === plain(b.product) &&
    !areCodesOther
  );
}

function hasSamePicture(a: Occurrence, b: Occurrence): boolean {
  if (a.errorMessage.trim() === '' && b.errorMessage.trim() === '')
    return a.pictures.length > 0 && a.pictures.join() === b.pictures.join();
  if (a.pictureHash === undefined || b.pictureHash === undefined) return false;
  return (
    differentBits(a.pictureHash, b.pictureHash) <= nearBits &&
    areAlike(a.errorMessage, b.errorMessage) &&
    areAlike(a.errorCode, b.errorCode)
  );
}

/** A small model takes different messages that it cannot read for the same one that it knows, and is less sure of it. */
function isSure({ confidence }: Occurrence): boolean {
  return confidence === undefined || confidence >= leastConfidence;
}

/** In how many bits two hashes of the same length differ. */
export function differentBits(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;
}

/** A message without what changes from one time to the next: numbers, addresses, ids. */
function withoutIds(message: string): string {
  return plain(message)
    .replace(
      /\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b0x[0-9a-f]+\b|\b(?=[a-z-]*\d)[0-9a-z-]{4,}\b|\d+/giu,
      '#',
    )
    .replace(/(?<![\s.!:])[\s.!:]+$/u, '');
}

function areAlike(a: string, b: string): boolean {
  const [one, other] = [plain(a), plain(b)];
  return editDistance(one, other) <= misread * Math.max(one.length, other.length);
}
