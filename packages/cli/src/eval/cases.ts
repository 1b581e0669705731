import { dirname, resolve } from 'node:path';
import { type ChatMessage, type Part, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import { readPicture } from '../picture-argument.js';

const pictureSchema = z.string().min(1);
const partSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.literal('image'), image: pictureSchema }),
  z.strictObject({ type: z.literal('video'), video: z.array(pictureSchema).min(1) }),
]);
const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.union([z.string(), z.array(partSchema)]),
});
const caseSchema = z.object({
  task: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  answer: z.union([z.string(), z.number().transform(String)]),
});

/** One question of an evaluation file: pictures are still paths relative to the file. */
export type EvalCase = z.infer<typeof caseSchema> & {
  /** Line in the file, from 1. */
  line: number;
};

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
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'chat.invalid',
    `${where} is not a case: ${issue?.path.join('.') || 'the line'}: ${issue?.message}. ` +
      'A case has task, messages in the chat format and answer.',
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
export async function loadMessages(file: string, evalCase: EvalCase): Promise<ChatMessage[]> {
  const folder = dirname(resolve(file));
  return Promise.all(
    evalCase.messages.map(async ({ role, content }) => ({
      role,
      content: typeof content === 'string' ? content : await loadParts(folder, content),
    })),
  );
}

async function loadParts(folder: string, parts: z.infer<typeof partSchema>[]): Promise<Part[]> {
  return Promise.all(
    parts.map(async (part): Promise<Part> => {
      if (part.type === 'text') return part;
      if (part.type === 'image')
        return { type: 'image', image: await loadPicture(folder, part.image) };
      const frames = await Promise.all(part.video.map((frame) => loadPicture(folder, frame)));
      return { type: 'video', video: frames };
    }),
  );
}

async function loadPicture(folder: string, picture: string): Promise<string | Uint8Array> {
  const isAddress = /^(https?:|data:image\/)/i.test(picture);
  return isAddress ? picture : readPicture(resolve(folder, picture));
}
