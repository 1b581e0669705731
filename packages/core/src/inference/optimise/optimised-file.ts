import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { fileExists, sha256Of } from '../files/file-facts.js';

/** Raised when other files come of the same graph. */
export const recipe = 1;

const noteSchema = z.object({
  recipe: z.number(),
  source: z.object({ bytes: z.number(), modifiedMs: z.number(), sha256: z.string() }),
  /** Whether there is an optimised file; a graph that cannot be rewritten is not tried again. */
  isOptimised: z.boolean(),
  reason: z.string().optional(),
});
/** What is noted beside a decoder. */
export type Note = z.infer<typeof noteSchema>;

/** What came of optimising a decoder. */
export type OptimisedDecoder =
  | { isOptimised: true; path: string }
  /** The graph stays as it is, for this reason. */
  | { isOptimised: false; reason: string };

/** Path of the optimised graph of a decoder, beside it. */
export function optimisedPath(path: string): string {
  return path.replace(/\.onnx$/, '.vistazo.onnx');
}

/** Path of the note. */
export function notePath(path: string): string {
  return path.replace(/\.onnx$/, '.vistazo.json');
}

/** The optimised graph of a decoder, if it was made of this very file before. */
export async function knownOptimised(path: string): Promise<OptimisedDecoder | undefined> {
  const note = await readNote(path);
  if (note === undefined || note.recipe !== recipe || !(await isSourceOf(note, path))) {
    return undefined;
  }
  if (!note.isOptimised)
    return { isOptimised: false, reason: note.reason ?? 'it was tried before' };
  return (await fileExists(optimisedPath(path)))
    ? { isOptimised: true, path: optimisedPath(path) }
    : undefined;
}

async function readNote(path: string): Promise<Note | undefined> {
  const text = await readFile(notePath(path), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch {
    // A damaged note is written anew.
    return undefined;
  }
}

async function isSourceOf({ source }: Note, path: string): Promise<boolean> {
  const { size, mtimeMs } = await stat(path);
  if (size !== source.bytes) return false;
  // A copied folder has other times; then the content decides.
  return mtimeMs === source.modifiedMs || (await sha256Of(path)) === source.sha256;
}
