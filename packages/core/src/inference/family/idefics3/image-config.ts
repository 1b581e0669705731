import { z } from 'zod';

const edgeSchema = z.object({ longest_edge: z.number().int().min(1) });
const channelsSchema = z.array(z.number()).length(3);
const onSchema = z.literal(true, { error: 'only true is supported' }).default(true);

/** `preprocessor_config.json` of the family, in the names of Hugging Face. */
export const idefics3ConfigSchema = z.object({
  do_resize: z.boolean().default(true),
  do_rescale: onSchema,
  do_normalize: onSchema,
  do_convert_rgb: onSchema,
  do_pad: onSchema,
  do_image_splitting: z.boolean().default(true),
  resample: z.number().int().min(0).max(5).default(1),
  rescale_factor: z.number().default(1 / 255),
  image_mean: channelsSchema.default([0.5, 0.5, 0.5]),
  image_std: channelsSchema.default([0.5, 0.5, 0.5]),
  size: edgeSchema.default({ longest_edge: 4 * 364 }),
  max_image_size: edgeSchema.default({ longest_edge: 364 }),
});

/** The values of `image_processor_type` that the family answers to, without a suffix such as `Fast`. */
export const idefics3ProcessorTypes = ['Idefics3ImageProcessor', 'SmolVLMImageProcessor'] as const;

/** See {@link idefics3ConfigSchema}. */
export type Idefics3ImageConfig = z.infer<typeof idefics3ConfigSchema>;
