import { VistazoError } from '../errors.js';
import {
  createIdefics3ImageProcessor,
  idefics3ConfigSchema,
  idefics3ProcessorTypes,
} from './idefics3/image-processor.js';
import type { RgbImage } from './resample.js';

/** How a picture is cut into tiles. */
export interface TilePlan {
  /** Tile grid without the global image; 0 × 0 when the picture is not split. */
  gridRows: number;
  gridColumns: number;
  /** All tiles in order, rows first, the global image last. */
  tiles: number;
  tileWidthPx: number;
  tileHeightPx: number;
}

/** A picture made ready for the vision encoder, eight bits a channel. */
export interface ProcessedPicture extends TilePlan {
  /** Size of the picture as people see it. */
  widthPx: number;
  heightPx: number;
  /** `[tiles, tileHeight, tileWidth, 3]` */
  pixels: Uint8Array;
}

/** Scale and shift that make `pixelValues` of bytes, one entry a channel. */
export interface PixelScaling {
  rescaleFactor: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Makes tiles of pictures as a family of models wants them. */
export interface ImageProcessor {
  /** The tiles of a picture of this size, without making them. */
  plan(widthPx: number, heightPx: number): TilePlan;
  process(image: RgbImage): ProcessedPicture;
  readonly scaling: PixelScaling;
}

/** A checked `preprocessor_config.json`; plain data that crosses process borders. */
export type ImageProcessorConfig = ReturnType<typeof parseImageProcessorConfig>;

const families = [{ types: idefics3ProcessorTypes, configSchema: idefics3ConfigSchema }];

/**
 * Checks a parsed `preprocessor_config.json`.
 * Throws `model.unsupported` for a kind of processor that is not known, `model.invalidConfig` for wrong values.
 */
export function parseImageProcessorConfig(json: unknown) {
  const type = processorType(json);
  const schema = families.find(({ types }) => types.some((name) => name === type))?.configSchema;
  if (schema === undefined) {
    throw new VistazoError(
      'model.unsupported',
      `preprocessor_config.json names the image processor ${String(type)}; supported are ${families.flatMap(({ types }) => types).join(', ')}.`,
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'model.invalidConfig',
    `preprocessor_config.json: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`,
  );
}

function processorType(json: unknown): unknown {
  const type =
    typeof json === 'object' && json !== null && 'image_processor_type' in json
      ? json.image_processor_type
      : undefined;
  return typeof type === 'string' ? type.replace(/(Fast|Pil)$/, '') : type;
}

/** The image processor of a checked configuration. */
export function createImageProcessor(config: ImageProcessorConfig): ImageProcessor {
  return createIdefics3ImageProcessor(config);
}
