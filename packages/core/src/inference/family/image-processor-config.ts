import { VistazoError } from '../../errors.js';
import { idefics3ConfigSchema, idefics3ProcessorTypes } from './idefics3/image-config.js';

/** A checked `preprocessor_config.json`; plain data that crosses process borders. */
export type ImageProcessorConfig = ReturnType<typeof parseImageProcessorConfig>;

const families = [{ types: idefics3ProcessorTypes, configSchema: idefics3ConfigSchema }];

/**
 * Checks a parsed `preprocessor_config.json`, or the same from the file `name`. It stands apart from the processor, so that the
 * processes that only process need not load a schema library.
 * Throws `model.unsupported` for a kind of processor that is not known, `model.invalidConfig` for wrong values.
 */
export function parseImageProcessorConfig(json: unknown, name = 'preprocessor_config.json') {
  const type = processorType(json);
  const schema = families.find(({ types }) => types.some((name) => name === type))?.configSchema;
  if (schema === undefined) {
    throw new VistazoError(
      'model.unsupported',
      `${name} names the image processor ${String(type)}; supported are ${families.flatMap(({ types }) => types).join(', ')}.`,
    );
  }
  const parsed = schema.safeParse(withoutNulls(json));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'model.invalidConfig',
    `${name}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`,
  );
}

/** Python writes null for what is not set. */
function withoutNulls(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

function processorType(json: unknown): unknown {
  const type =
    typeof json === 'object' && json !== null && 'image_processor_type' in json
      ? json.image_processor_type
      : undefined;
  return typeof type === 'string' ? type.replace(/(Fast|Pil)$/, '') : type;
}
