import type { ImageLayout } from '../image-layout.js';
import type { PromptPositions } from '../model-family.js';
import type { Qwen2VlConfig } from './read-config.js';

const axes = 3;

/**
 * Positions of a prompt by time, row and column, `[3, tokens]`. Words count on together on all axes. The
 * tokens of a picture share a time; what follows begins behind its longer side.
 * Source: `get_rope_index` in transformers `models/qwen2_5_vl/modeling_qwen2_5_vl.py`.
 */
export function positionsOf(
  inputIds: readonly number[],
  layouts: readonly ImageLayout[],
  { imageTokenId, image }: Qwen2VlConfig,
): PromptPositions {
  const length = inputIds.length;
  const ids = new Int32Array(axes * length);
  const factor = image.patchPx * image.mergeSize;
  const tiles = layouts.flatMap((layout) => layout.tiles).values();
  let next = 0;
  let at = 0;
  while (at < length) {
    const tile = inputIds[at] === imageTokenId ? tiles.next().value : undefined;
    if (tile === undefined) {
      for (let axis = 0; axis < axes; axis += 1) ids[axis * length + at] = next;
      next += 1;
      at += 1;
      continue;
    }
    const columns = tile.widthPx / factor;
    for (let token = 0; token < tile.imageTokens; token += 1) {
      ids[at + token] = next;
      ids[length + at + token] = next + Math.floor(token / columns);
      ids[2 * length + at + token] = next + (token % columns);
    }
    next += Math.max(columns, tile.heightPx / factor);
    at += tile.imageTokens;
  }
  return { axes, ids, next };
}
