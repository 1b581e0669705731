import { type FaultyPicture, VistazoError } from '../errors.js';

/** Which of the pictures of a message one is. */
export interface PicturePlace {
  /** From 0. */
  index: number;
  total: number;
  /** File name it was posted with, if any. */
  name?: string | undefined;
}

/** What `work` gives; when it fails because of the picture, and there are others, the error says which one it was. */
export async function aboutPicture<T>(place: PicturePlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isFault = error instanceof VistazoError && /^(picture|fetch)\./.test(error.code);
    if (!isFault || place.total < 2) throw error;
    const { index, total, name } = place;
    const picture = { number: index + 1, total, ...(name !== undefined && { name }) };
    throw new VistazoError(error.code, `${describe(picture)}: ${error.message}`, {
      cause: error,
      picture,
    });
  }
}

function describe({ number, total, name }: FaultyPicture): string {
  return `Picture ${number} of ${total}${name === undefined ? '' : ` (${name})`}`;
}
