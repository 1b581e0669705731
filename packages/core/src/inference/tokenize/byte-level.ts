/**
 * The characters in which byte-level vocabularies write bytes: printable ones stand for themselves, the
 * others for characters from U+0100 on. Source: `bytes_to_unicode` of GPT-2's encoder.py.
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let shifted = 0x100;
  const pairs = Array.from({ length: 256 }, (_, byte): [string, number] => [
    String.fromCodePoint(isPrintable(byte) ? byte : shifted++),
    byte,
  ]);
  return new Map(pairs);
})();

/** The bytes that a token of a byte-level vocabulary stands for; undefined when it is none. @internal */
export function bytesOfToken(token: string): Uint8Array | undefined {
  const bytes = [...token].map((character) => byteOfCharacter.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined;
}
