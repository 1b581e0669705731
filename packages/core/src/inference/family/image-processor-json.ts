import { VistazoError } from '../../errors.js';
import type { FamilyFiles } from './model-family.js';

/** What a model says of its pictures, and the place to name in errors. */
export interface ImageProcessorJson {
  json: object;
  name: string;
}

/**
 * Finds how a model wants its pictures. Of two descriptions the one in `processor_config.json`, where
 * transformers 5 writes it, counts. Throws `model.fileMissing`.
 */
export function imageProcessorJson({ preprocessor, processor }: FamilyFiles): ImageProcessorJson {
  const nested =
    processor !== undefined && 'image_processor' in processor
      ? processor.image_processor
      : undefined;
  if (typeof nested === 'object' && nested !== null) {
    return { json: nested, name: 'image_processor in processor_config.json' };
  }
  const name = 'preprocessor_config.json';
  if (preprocessor !== undefined) return { json: preprocessor, name };
  throw new VistazoError('model.fileMissing', `The model lacks ${name}; download it again.`);
}

/** The value of `image_processor_type`, which names the kind of processor. */
export function processorType(json: object): unknown {
  return 'image_processor_type' in json ? json.image_processor_type : undefined;
}

/**
 * Throws `model.unsupported` when `type` is none of `types`, which have no suffix such as `Fast`. `name` is
 * the place of the description.
 */
export function requireProcessorType(type: unknown, types: readonly string[], name: string): void {
  const known = typeof type === 'string' ? type.replace(/(Fast|Pil)$/, '') : type;
  if (typeof known === 'string' && types.includes(known)) return;
  throw new VistazoError(
    'model.unsupported',
    `${name} names the image processor ${String(known)}; supported are ${types.join(', ')}.`,
  );
}

/** Python writes null for what is not set. */
export function withoutNulls(json: object): object {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}
