import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

const ownerOnly = 0o600;
const others = 0o077;

/**
 * Makes the files of a database such that only their user can read and write them. SQLite would make them readable
 * for everybody; it gives its logs the rights of the database. @internal
 */
export function keepPrivate(path: string): void {
  if (path === '' || path === ':memory:') return;
  unlessFails(() => closeSync(openSync(path, 'a', ownerOnly)));
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`])
    unlessFails(() => {
      if (statSync(file).mode & others) chmodSync(file, ownerOnly);
    });
}

/** What is wrong with the path SQLite says itself; files of another user are theirs to keep. */
function unlessFails(work: () => void): void {
  try {
    work();
  } catch {}
}
