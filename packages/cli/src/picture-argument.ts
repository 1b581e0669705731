import { readFile, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type ImagePart, VistazoError } from '@vistazo/core';

/** Whether a picture is named by an http(s) address or a data URI. */
export function isAddress(text: string): boolean {
  return /^(https?:\/\/\S+$|data:)/i.test(text);
}

/** Whether a word of the command line names a picture: it is an address, `-`, or the path of a file. */
export async function isPictureArgument(word: string): Promise<boolean> {
  if (word === '-' || isAddress(word)) return true;
  const found = await stat(word).catch(() => undefined);
  return found?.isFile() === true;
}

/** A picture named on the command line: a path, an http(s) URL, a data URI, or `-` for standard input. */
export async function pictureArgument(argument: string): Promise<ImagePart> {
  if (isAddress(argument)) return { type: 'image', image: argument };
  if (argument === '-')
    return { type: 'image', image: new Uint8Array(await buffer(process.stdin)) };
  return { type: 'image', image: await readPicture(argument) };
}

/** The bytes of the file at `path`. Throws `file.unreadable`. */
export async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new VistazoError('file.unreadable', `${path} cannot be read: ${reason(cause)}.`, {
      cause,
    });
  }
}

function reason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file; check the path';
  if (code === 'EISDIR') return 'it is a folder; name a picture file';
  if (code === 'EACCES') return 'permission is denied; make it readable for this user';
  return cause instanceof Error ? cause.message : String(cause);
}
