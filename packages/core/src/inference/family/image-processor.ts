import { createIdefics3ImageProcessor } from './idefics3/image-processor.js';
import type { ImageProcessorConfig } from './image-processor-config.js';
import type { ImageProcessor } from './processed-picture.js';

/** The image processor of a checked configuration. */
export function createImageProcessor(config: ImageProcessorConfig): ImageProcessor {
  return createIdefics3ImageProcessor(config);
}
