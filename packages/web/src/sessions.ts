import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** How long somebody who logged in stays so. */
const sessionMs = 30 * 86_400_000;
const keyBytes = 32;
const nonceBytes = 16;

const deriveKey = promisify<string, string, number, Buffer>(scrypt);

/**
 * Proofs that somebody knew the secret. Each is signed with a key made of the secret, so that none tells it, all
 * outlive a restart, and another secret ends them all.
 */
export class Sessions {
  private constructor(private readonly key: Buffer) {}

  static async of(secret: string): Promise<Sessions> {
    return new Sessions(await deriveKey(secret, 'vistazo session', keyBytes));
  }

  /** A new session, in signs that a cookie may have. */
  begin(): string {
    const claims = `${Date.now() + sessionMs}.${randomBytes(nonceBytes).toString('base64url')}`;
    return `${claims}.${this.#signature(claims)}`;
  }

  /** Whether it is one of ours, and not over. */
  isOpen(session: string): boolean {
    const match = /^((\d{1,16})\.[\w-]{22})\.([\w-]{43})$/.exec(session);
    if (match === null) return false;
    const [, claims = '', endsAtMs, signature = ''] = match;
    const isOurs = timingSafeEqual(Buffer.from(signature), Buffer.from(this.#signature(claims)));
    return isOurs && Number(endsAtMs) > Date.now();
  }

  #signature(claims: string): string {
    return createHmac('sha256', this.key).update(claims).digest('base64url');
  }
}
