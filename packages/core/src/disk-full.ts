/** What writing fails with where a disk, or the share of it that this user has, is full. */
const codes = new Set<unknown>(['ENOSPC', 'EDQUOT']);

/** Whether an error says that a disk is full. @internal */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(error.code);
}
