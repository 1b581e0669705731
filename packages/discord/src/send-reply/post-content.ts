import { type PostedPicture, splitAnswer } from '@vistazo/core';
import type { Language } from '@vistazo/core/adapter-kit';
import type { DiscordFile } from '../discord-api.js';
import { say } from '../language.js';

/** Most characters (UTF-16 units) of a message. */
export const maxMessageLength = 2000;
/** Most characters of an answer that is posted as a file, far below the 10 MiB that Discord takes. */
export const maxFileLength = 1_000_000;
/** Most files of a message. */
export const maxFiles = 10;
/** Most bytes of a file in a server without boosts. */
export const maxFileBytes = 10 * 2 ** 20;
/** Most bytes of all files, below the 25 MiB of a call. */
export const maxFilesBytes = 24 * 2 ** 20;

/** What a message says of a text. */
export interface PostContent {
  content: string;
  /** The whole text, where that is longer than a message, and pictures. */
  files: readonly DiscordFile[];
}

/**
 * A text of any length as one message: a longer one as a file, with its beginning above; with the pictures, or a
 * sentence where they may not be attached and there is room for it.
 */
export function postContent(
  text: string,
  pictures: readonly PostedPicture[],
  mayAttach: boolean,
  language: Language,
): PostContent {
  const said = textContent(text, mayAttach, language);
  if (pictures.length === 0) return said;
  if (mayAttach) return { ...said, files: [...said.files, ...pictures.map(fileOf)] };
  const content = `${said.content}\n\n-# ${say('mayNotShow', language)}`;
  return content.length <= maxMessageLength ? { ...said, content } : said;
}

function textContent(text: string, mayAttach: boolean, language: Language): PostContent {
  if (text.length <= maxMessageLength) return { content: text, files: [] };
  const notice = `-# ${say(mayAttach ? 'wholeInFile' : 'mayNotAttach', language)}`;
  const room = maxMessageLength - notice.length - 2;
  const [beginning = ''] = splitAnswer(text.slice(0, 2 * room), room);
  const content = `${beginning}\n\n${notice}`;
  return { content, files: mayAttach ? [answerFile(text)] : [] };
}

function answerFile(content: string): DiscordFile {
  return { name: 'answer.md', content, mediaType: 'text/plain; charset=utf-8' };
}

function fileOf({ bytes, mediaType, name, description }: PostedPicture): DiscordFile {
  return { name, content: bytes, mediaType, description };
}
