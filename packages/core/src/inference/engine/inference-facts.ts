import type { SeenPicture } from '../../generation/generation-event.js';
import type { InferenceRequest } from './inference-request.js';

/** What a model sees of the pictures of a request, in order. @internal */
export function seenPictures(
  { messages, pictures }: InferenceRequest,
  imageSeqLen: number,
): SeenPicture[] {
  const places = messages.flatMap(({ content }, messageIndex) =>
    content.filter(({ type }) => type === 'image').map(() => messageIndex),
  );
  return pictures.map(({ widthPx, heightPx, gridRows, gridColumns, tiles }, index) => ({
    messageIndex: places[index] ?? 0,
    widthPx,
    heightPx,
    gridRows,
    gridColumns,
    tokens: tiles * (imageSeqLen + 2) + 1,
  }));
}
