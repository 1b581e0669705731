import { dirname, resolve } from 'node:path';
import { type ChatMessage, parseChatMessages, toVistazoError, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import { isAddress, readPicture } from '../picture-argument.js';

const caseSchema = z.object({
  task: z.string().min(1),
  messages: z.array(z.unknown()).min(1),
  answer: z.union([z.string(), z.number().transform(String)]),
});

/** One question of an evaluation file: pictures are still paths relative to the file. */
export interface EvalCase extends z.infer<typeof caseSchema> {
  /** Line in the file, from 1. */
  line: number;
}

/** Reads the cases of a JSON Lines file. Throws `chat.invalid` naming the line, or `file.unreadable`. */
export async function readCases(path: string): Promise<EvalCase[]> {
  const text = new TextDecoder().decode(await readPicture(path));
  const lines = text.split(/\r?\n/).map((content, index) => ({ content, line: index + 1 }));
  const cases = lines.filter(({ content }) => content.trim() !== '');
  if (cases.length === 0) {
    throw new VistazoError(
      'chat.invalid',
      `${path} has no cases; put one JSON object on each line.`,
    );
  }
  return cases.map(({ content, line }) => ({ ...parseCase(content, `${path}:${line}`), line }));
}

function parseCase(content: string, where: string): z.infer<typeof caseSchema> {
  const parsed = caseSchema.safeParse(parseJson(content, where));
  if (parsed.success) {
    checkMessages(parsed.data.messages, where);
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw notACase(where, `${issue?.path.join('.') || 'the line'}: ${issue?.message}.`);
}

/** Something that the chat format takes in the place of a path. */
const standIn = 'data:image/png;base64,';

function checkMessages(messages: unknown[], where: string): void {
  try {
    parseChatMessages(mapPictures(messages, () => standIn));
  } catch (cause) {
    throw notACase(where, toVistazoError(cause).message);
  }
}

function notACase(where: string, reason: string): VistazoError {
  return new VistazoError(
    'chat.invalid',
    `${where} is not a case: ${reason} A case has task, messages in the chat format and answer.`,
  );
}

function parseJson(content: string, where: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new VistazoError(
      'chat.invalid',
      `${where} is not JSON; each line must be one JSON object.`,
      {
        cause,
      },
    );
  }
}

/** The messages of a case with its pictures read from beside `file`. Throws `file.unreadable`. */
export async function loadMessages(file: string, { messages }: EvalCase): Promise<ChatMessage[]> {
  const folder = dirname(resolve(file));
  const paths = new Set<string>();
  mapPictures(messages, (path) => paths.add(path));
  const read = async (path: string) => [path, await readPicture(resolve(folder, path))] as const;
  const bytes = new Map(await Promise.all([...paths].map(read)));
  return parseChatMessages(mapPictures(messages, (path) => bytes.get(path)));
}

/** Puts something else in the place of every path of a picture, wherever one may stand. */
function mapPictures(value: unknown, change: (path: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapPictures(each, change));
  if (typeof value !== 'object' || value === null) return value;
  const mapPath = (path: unknown) =>
    typeof path === 'string' && path !== '' && !isAddress(path) ? change(path) : path;
  const entries = Object.entries(value).map(([name, inner]) => {
    if (name === 'content') return [name, mapPictures(inner, change)];
    if (name !== 'image' && name !== 'video') return [name, inner];
    return [name, Array.isArray(inner) ? inner.map(mapPath) : mapPath(inner)];
  });
  return Object.fromEntries(entries);
}
