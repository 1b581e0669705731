/** A size in pixels. */
export interface PixelSize {
  widthPx: number;
  heightPx: number;
}

/** One run of the vision encoder: the whole picture, or a tile of it. */
export interface ImageTile extends PixelSize {
  /** Rows and columns count from 0. */
  place: 'whole' | { row: number; column: number };
  /** Tokens in the prompt whose embeddings are the features of this tile. */
  imageTokens: number;
}

/** How a model looks at a picture of some size. */
export interface ImageLayout extends PixelSize {
  /** In the order in which their features stand in the prompt. */
  tiles: readonly ImageTile[];
}

/**
 * How many tiles a picture may take:
 * - `full`: as many as the model's own rule gives, equal to the reference.
 * - `fast`: the whole picture alone.
 * - A number ≥ 1: as many as fit, the whole picture among them.
 *
 * A family that cuts no tiles takes a tile for so many image tokens, and makes the picture smaller.
 */
export type TileBudget = 'full' | 'fast' | number;

/** A picture made ready for the vision encoder. */
export interface ProcessedPicture {
  layout: ImageLayout;
  /** By tile, eight bits a channel: `[heightPx, widthPx, 3]`. */
  pixels: readonly Uint8Array[];
}

/** Image tokens of all tiles of pictures. */
export function imageTokensOf(layouts: readonly ImageLayout[]): number {
  return layouts.flatMap(({ tiles }) => tiles).reduce((sum, tile) => sum + tile.imageTokens, 0);
}

/** Rows and columns of tiles; 0 × 0 where the picture is not cut. */
export function gridOf({ tiles }: ImageLayout): { rows: number; columns: number } {
  const grid = { rows: 0, columns: 0 };
  for (const { place } of tiles) {
    if (place === 'whole') continue;
    grid.rows = Math.max(grid.rows, place.row + 1);
    grid.columns = Math.max(grid.columns, place.column + 1);
  }
  return grid;
}
