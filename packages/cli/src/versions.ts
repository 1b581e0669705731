import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of the command line. */
export function version(): string {
  return versionIn(findPackageJSON('..', import.meta.url));
}

/** The version of a library that the core uses. Throws when it is not installed. */
export function libraryVersion(name: string): string {
  return versionIn(findPackageJSON(name, import.meta.resolve('@vistazo/core')));
}

function versionIn(path: string | undefined): string {
  if (path === undefined) throw new Error('not installed');
  const { version } = JSON.parse(readFileSync(path, 'utf8'));
  return String(version);
}
