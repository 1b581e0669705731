import type { SeenPicture } from '../../generation/generation-event.js';
import type { ImageLayout } from '../family/image-layout.js';
import type { ImageFamily } from '../family/model-family.js';
import type { InferenceRequest } from './inference-request.js';

/** What a model sees of the pictures of a request, in order. `tokensOf` counts those of one. @internal */
export function seenPictures(
  { messages, pictures }: InferenceRequest,
  images: Pick<ImageFamily, 'layout'> | undefined,
  tokensOf: (layout: ImageLayout) => number,
): SeenPicture[] {
  const places = messages.flatMap(({ content }, messageIndex) =>
    content.filter(({ type }) => type === 'image').map(() => messageIndex),
  );
  return pictures.map(({ layout }, index) => ({
    messageIndex: places[index] ?? 0,
    widthPx: layout.widthPx,
    heightPx: layout.heightPx,
    tiles: layout.tiles.length,
    fullTiles: images?.layout(layout, 'full').tiles.length ?? layout.tiles.length,
    tokens: tokensOf(layout),
  }));
}
