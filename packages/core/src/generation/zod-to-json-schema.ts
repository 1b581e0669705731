import { z } from 'zod';

/**
 * The JSON Schema of what a zod schema reads. Throws an error whose message says why there is none: a type that JSON
 * lacks, or a schema that is not of zod 4. @internal
 */
export function zodToJsonSchema(schema: unknown): Record<string, unknown> {
  if (!isZod4(schema)) throw notZod4();
  try {
    return z.toJSONSchema(schema, { io: 'input' });
  } catch (error) {
    // Zod says with a plain error what it cannot write; it stumbles over parts of another version.
    throw error instanceof TypeError ? notZod4(error) : error;
  }
}

function isZod4(schema: unknown): schema is z.core.$ZodType {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

function notZod4(cause?: unknown): Error {
  return new Error(
    "it is not a schema of zod 4. Install zod 4 and import { z } from 'zod', not from 'zod/v3'",
    { cause },
  );
}
