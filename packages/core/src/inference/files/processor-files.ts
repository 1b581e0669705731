import { z } from 'zod';
import {
  type ImageProcessorConfig,
  parseImageProcessorConfig,
} from '../family/image-processor-config.js';
import { checkModelJson, readModelJson } from './model-files.js';

const processorFile = 'processor_config.json';

const processorSchema = z.object({
  image_seq_len: z.number().int().positive(),
  /** Since transformers 5; before, `preprocessor_config.json` holds it. */
  image_processor: z.record(z.string(), z.unknown()).optional(),
});

/**
 * How a model wants its pictures. Of two descriptions the one in `processor_config.json` counts, as in
 * transformers. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export async function readProcessor(
  folder: string,
): Promise<{ imageProcessor: ImageProcessorConfig; imageSeqLen: number }> {
  const processor = checkModelJson(
    processorSchema,
    await readModelJson(folder, processorFile),
    processorFile,
  );
  const { image_processor: nested, image_seq_len: imageSeqLen } = processor;
  const imageProcessor =
    nested === undefined
      ? parseImageProcessorConfig(await readModelJson(folder, 'preprocessor_config.json'))
      : parseImageProcessorConfig(nested, `image_processor in ${processorFile}`);
  return { imageProcessor, imageSeqLen };
}
