import { VistazoError } from '../../errors.js';

const mends: readonly [pattern: RegExp, mend: string][] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'another process uses it; stop that one or use another data folder.'],
  [/^SQLITE_FULL/, 'the disk is full; free some space.'],
  [/^SQLITE_IOERR/, 'the disk fails, or has no space left for this user; check it.'],
  [/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/, 'check that its folder exists and can be written.'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'it is damaged or no database; restore a copy or move it away.'],
];

/** A fault of the database at `path` as `store.failed` with a mend; other errors of ours unchanged. @internal */
export function toStoreError(cause: unknown, path: string): VistazoError {
  if (cause instanceof VistazoError) return cause;
  const code = sqliteCodeOf(cause);
  const mend = mends.find(([pattern]) => pattern.test(code))?.[1] ?? `it reports ${code}.`;
  return new VistazoError('store.failed', `The database ${path} cannot be used: ${mend}`, {
    cause,
  });
}

/** @internal */
export function isConflict(error: unknown): boolean {
  return sqliteCodeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE';
}

function sqliteCodeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
