import type { SeenPicture } from '../../generation/generation-event.js';
import type { TilePlan } from '../family/processed-picture.js';
import type { InferenceRequest } from './inference-request.js';

/**
 * What a model sees of the pictures of a request, in order. `tokensOf` counts the tokens of a picture in
 * the prompt, borders included. @internal
 */
export function seenPictures(
  { messages, pictures }: InferenceRequest,
  tokensOf: (picture: TilePlan) => number,
): SeenPicture[] {
  const places = messages.flatMap(({ content }, messageIndex) =>
    content.filter(({ type }) => type === 'image').map(() => messageIndex),
  );
  return pictures.map((picture, index) => {
    const { widthPx, heightPx, gridRows, gridColumns } = picture;
    return {
      messageIndex: places[index] ?? 0,
      widthPx,
      heightPx,
      gridRows,
      gridColumns,
      tokens: tokensOf(picture),
    };
  });
}
