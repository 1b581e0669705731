import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { VistazoError } from '@vistazo/core';
import { z } from 'zod';

/** How keys are given, see {@link SealedValues}. */
export interface EncryptionOptions {
  /** 32 random bytes as base64 or hex, such as `openssl rand -base64 32` makes. */
  encryptionKey?: string | undefined;
  /** In its place, to change keys: the newest first, which encrypts; what the older ones encrypted can still be read. */
  encryptionKeys?: readonly string[] | undefined;
}

const keyBytes = 32;
/** Of AES-GCM, as NIST SP 800-38D recommends. */
const nonceBytes = 12;

const sealedSchema = z.object({
  v: z.literal(1),
  /** Which key. */
  key: z.string(),
  nonce: z.base64(),
  tag: z.base64(),
  text: z.base64(),
});

interface Key {
  id: string;
  bytes: Uint8Array;
}

/** Encrypts values with AES-256-GCM so that each can be read only with a key and in the place it was made for. */
export class SealedValues {
  readonly #keys: readonly [Key, ...Key[]];

  /** Throws `option.invalid`. */
  constructor(options: EncryptionOptions) {
    this.#keys = keysOf(options);
  }

  /** What JSON can keep, bound to a place such as a tenant. */
  seal(value: unknown, place: readonly string[]): unknown {
    const [{ id, bytes }] = this.#keys;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(placeBytes(place));
    const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    const sealed: z.output<typeof sealedSchema> = {
      v: 1,
      key: id,
      nonce: nonce.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      text: text.toString('base64'),
    };
    return sealed;
  }

  /** Undefined where it was sealed with another key or in another place, or was changed. */
  open(sealed: unknown, place: readonly string[]): unknown {
    const parsed = sealedSchema.safeParse(sealed);
    if (!parsed.success) return undefined;
    const { key: id, nonce, tag, text } = parsed.data;
    const key = this.#keys.find((each) => each.id === id);
    if (key === undefined) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(nonce, 'base64'), {
        authTagLength: 16,
      });
      decipher.setAAD(placeBytes(place)).setAuthTag(Buffer.from(tag, 'base64'));
      const bytes = Buffer.concat([decipher.update(text, 'base64'), decipher.final()]);
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** A secret for another purpose, the same as long as the newest key is. */
  secretFor(purpose: string): string {
    const [{ bytes }] = this.#keys;
    return Buffer.from(hkdfSync('sha256', bytes, '', purpose, keyBytes)).toString('hex');
  }
}

function placeBytes(place: readonly string[]): Uint8Array {
  return Buffer.from(JSON.stringify(place));
}

function keysOf({ encryptionKey, encryptionKeys }: EncryptionOptions): [Key, ...Key[]] {
  if (encryptionKey !== undefined && encryptionKeys !== undefined)
    throw invalid('Give either encryptionKey or encryptionKeys, not both.');
  const [newest, ...older] = (
    encryptionKeys ?? (encryptionKey === undefined ? [] : [encryptionKey])
  ).map(parseKey);
  if (newest === undefined)
    throw invalid(
      'Installations in several workspaces need the option encryptionKey, 32 random bytes as base64 or hex; openssl rand -base64 32 makes one.',
    );
  return [newest, ...older];
}

/** The message does not repeat the key. */
function parseKey(given: string): Key {
  const bytes = Buffer.from(given, /^[0-9a-f]{64}$/i.test(given) ? 'hex' : 'base64');
  if (bytes.length !== keyBytes || !/^[\w+/-]+={0,2}$/.test(given))
    throw invalid(
      `An encryptionKey has ${bytes.length} bytes as given; it must be 32 random bytes as base64 or hex, such as openssl rand -base64 32 makes.`,
    );
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}

function invalid(message: string): VistazoError {
  return new VistazoError('option.invalid', message);
}
