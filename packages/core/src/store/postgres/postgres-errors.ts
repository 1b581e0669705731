import { VistazoError } from '../../errors.js';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, and the network's codes. */
const mends: readonly [pattern: RegExp, mend: string][] = [
  [/^E[A-Z]/, 'its server cannot be reached; check the address, and that it runs.'],
  [/^28/, 'it refuses the name or the password; check the address.'],
  [/^3D000/, 'it does not exist; create it first.'],
  [/^42501/, 'the user may not do this; grant it the rights to create and change tables.'],
  [/^53100/, 'its disk is full; free some space.'],
  [/^53300/, 'it has no connection left; allow fewer for each process or more in all.'],
  [
    /^57P0|^Connection terminated/,
    'its server was stopped; it is tried again with the next request.',
  ],
  [
    /^08|^timeout exceeded/,
    'its server does not answer; check that it runs and is not overloaded.',
  ],
];

/** What pg says without a code of a connection that is over; the server's and the network's codes. */
const broken =
  /^(08|57P0[1-5]|E(PIPE|CONNRESET|CONNREFUSED|CONNABORTED|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCONN)$|Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Whether the connection broke, or could not be made. @internal */
export function isBroken(error: unknown): boolean {
  return broken.test(codeOf(error));
}

/** A fault of the database as `store.failed` with a mend; other errors of ours unchanged. @internal */
export function toStoreError(cause: unknown): VistazoError {
  if (cause instanceof VistazoError) return cause;
  const code = codeOf(cause);
  const mend = mends.find(([pattern]) => pattern.test(code))?.[1] ?? `it reports ${code}.`;
  return new VistazoError('store.failed', `The database cannot be used: ${mend}`, { cause });
}

/** @internal */
export function isConflict(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** @internal */
export function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
