import type { z } from 'zod';
import { VistazoError } from '../errors.js';
import { type ChatMessage, chatMessagesSchema } from './chat-message.js';

/**
 * Checks a value, as `JSON.parse` gives it, against the chat format.
 * Throws `chat.invalid`, whose message names the first bad place, such as
 * `messages[0].content[1].image`, and what is allowed there.
 */
export function parseChatMessages(json: unknown): ChatMessage[] {
  const result = chatMessagesSchema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = deepest(result.error.issues);
  throw new VistazoError('chat.invalid', `${placeOf(path)} is not in the chat format: ${message}`);
}

interface Fault {
  path: readonly PropertyKey[];
  message: string;
}

/** Of a union, the alternative that came furthest is the one that was meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): Fault {
  const faults = issues.flatMap((issue) => faultsOf(issue));
  return faults.reduce(
    (best, fault) => (fault.path.length > best.path.length ? fault : best),
    faults[0] ?? { path: [], message: '' },
  );
}

// The paths inside a union begin at the union.
function faultsOf(issue: z.core.$ZodIssue, before: readonly PropertyKey[] = []): Fault[] {
  const path = [...before, ...issue.path];
  const own = { path, message: describe(issue, path) };
  if (issue.code !== 'invalid_union') return [own];
  const inner = issue.errors.flatMap((issues) => issues.flatMap((each) => faultsOf(each, path)));
  return [own, ...inner.filter((fault) => fault.path.length > path.length)];
}

const allowed: Record<string, string> = {
  role: 'use "system", "user" or "assistant".',
  content: 'use a string, or a list of parts such as {"type":"text","text":"…"}.',
  type: 'use "text", "image" or "video".',
  text: 'use a string.',
  image:
    'use a data URI (data:image/…;base64,…), an http(s) address, a stored picture id (sha256:…), or bytes.',
  video: 'use a picture as "image" takes it, or a list of such frames that is not empty.',
  atMs: 'use a list of milliseconds from the beginning, one for each frame.',
  durationMs: 'use milliseconds, 0 or more.',
};

function describe(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): string {
  if (issue.code === 'unrecognized_keys') {
    return `${issue.keys.map((key) => `"${key}"`).join(', ')} is not a known field; leave it out.`;
  }
  const name = path.findLast((key) => typeof key === 'string');
  const last = path.at(-1);
  if (last === undefined) return 'use a list of messages, each {"role":…,"content":…}.';
  if (typeof last === 'number' && name === undefined) return 'use {"role":…,"content":…}.';
  if (typeof last === 'number' && name === 'content') return allowedPart;
  return allowed[String(name)] ?? issue.message;
}

const allowedPart =
  'use {"type":"text","text":"…"}, {"type":"image","image":"…"} or {"type":"video","video":["…"]}.';

function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (place, key) => (typeof key === 'number' ? `${place}[${key}]` : `${place}.${String(key)}`),
    'messages',
  );
}
