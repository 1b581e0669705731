import { splitText } from '@vistazo/core';
import type { Language } from '@vistazo/core/adapter-kit';
import type { DiscordFile } from '../discord-api.js';
import { say } from '../language.js';

/** Most characters (UTF-16 units) of a message. */
export const maxMessageLength = 2000;
/** Most characters of an answer that is posted as a file, far below the 10 MiB that Discord takes. */
export const maxFileLength = 1_000_000;

/** What a message says of a text. */
export interface PostContent {
  content: string;
  /** The whole text, where that is longer than a message. */
  file?: DiscordFile;
}

/** A text of any length as one message: a longer one as a file, with its beginning above. */
export function postContent(text: string, mayAttach: boolean, language: Language): PostContent {
  if (text.length <= maxMessageLength) return { content: text };
  const notice = `-# ${say(mayAttach ? 'wholeInFile' : 'mayNotAttach', language)}`;
  const room = maxMessageLength - notice.length - 2;
  const [beginning = ''] = splitText(text.slice(0, 2 * room), room);
  const content = `${beginning}\n\n${notice}`;
  return mayAttach ? { content, file: { name: 'answer.md', text } } : { content };
}
