import { createHash } from 'node:crypto';

/**
 * A UUID (version 8, RFC 9562) that is the same for the same parts, so that work that is done again
 * after a crash finds what it wrote before. @internal
 */
export function derivedUuid(...parts: readonly (string | number)[]): string {
  const bytes = digest(parts).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** 24 characters of `A-Z a-z 0-9 _ -` that are the same for the same parts. @internal */
export function derivedKey(...parts: readonly (string | number)[]): string {
  return digest(parts).subarray(0, 18).toString('base64url');
}

function digest(parts: readonly (string | number)[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
