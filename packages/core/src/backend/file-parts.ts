import type { ImagePart, TextPart } from '../conversation/chat-message.js';
import { placeText } from '../conversation/place-in-file.js';
import type { FileOptions, MediaProcess } from '../media/media-process.js';
import { kindOf } from '../media/sniff.js';

/**
 * A file as it stands in a message to a model: a picture as it is, or the pages of a document or frames
 * of a video, each after a text that says which it is. Throws the `picture.*` codes.
 */
export async function fileParts(
  bytes: Uint8Array,
  media: MediaProcess,
  options: FileOptions = {},
): Promise<(TextPart | ImagePart)[]> {
  // The model's own media process looks at it.
  if (kindOf(bytes).kind === 'picture') return [{ type: 'image', image: bytes }];
  const pictures = await media.picturesIn(bytes, options);
  return pictures.flatMap((picture) => [
    ...placeText(picture.place),
    { type: 'image' as const, image: picture.bytes },
  ]);
}
