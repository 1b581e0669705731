import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, marksOf, parseMarks } from './process-marks.js';

const prefix = 'vistazo-video-';
/** No video is read as long as this. */
const oldMs = 60_000;

/** Does something in a folder that nobody else can read, and that is gone afterwards. @internal */
export async function inPrivateFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${marksOf(process.pid)}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the folders of processes that were killed while they read a video. Never rejects. @internal */
export async function removeAbandonedFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix)))
    if (await isAbandoned(name))
      // That of another user is theirs to remove.
      await rm(join(tmpdir(), name), { recursive: true }).catch(() => {});
}

async function isAbandoned(name: string): Promise<boolean> {
  const marks = parseMarks(name.slice(prefix.length));
  if (marks !== undefined && isRunning(marks) === false) return true;
  const madeMs = await stat(join(tmpdir(), name)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  // Clocks are set back at times, so that something is made in the future.
  return madeMs !== undefined && Math.abs(Date.now() - madeMs) > oldMs;
}
