import type { z } from 'zod';
import { VistazoError } from '../../errors.js';

/** Content of the file `name` of a model, checked. Throws `model.invalidConfig` naming the field. */
export function checkModelJson<T>(schema: z.ZodType<T>, json: object, name: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'model.invalidConfig',
    `${name}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`,
  );
}
