import { z } from 'zod';

/**
 * The JSON Schema of what a zod schema reads. Throws an error whose message says why there is none: a type that JSON
 * lacks, or a schema that is not of zod 4. `override` may change what is written of each part. @internal
 */
export function zodToJsonSchema(
  schema: unknown,
  override: NonNullable<z.core.ToJSONSchemaParams['override']> = () => {},
): Record<string, unknown> {
  if (!isZod4(schema)) throw notZod4();
  try {
    return z.toJSONSchema(schema, {
      io: 'input',
      override: (part) => {
        const words = wordsOfStringbool(part.zodSchema);
        if (words !== undefined) part.jsonSchema.enum = words;
        override(part);
      },
    });
  } catch (error) {
    // Zod says with a plain error what it cannot write; it stumbles over parts of another version.
    throw error instanceof TypeError ? notZod4(error) : error;
  }
}

/** No text that anybody takes for yes or no. */
const noWord = '\u0000';

/**
 * The words that `z.stringbool()` reads; undefined for other schemas. Zod writes it as any text, and
 * names the words only when it refuses one.
 */
function wordsOfStringbool(schema: z.core.$ZodType): string[] | undefined {
  // Other pipes are not tried, since a try runs what they transform with.
  if (!(schema instanceof z.core.$ZodPipe)) return undefined;
  const { in: read, out } = schema._zod.def;
  if (read._zod.def.type !== 'string' || out._zod.def.type !== 'boolean') return undefined;
  try {
    const issue = z.core.safeParse(schema, noWord).error?.issues[0];
    const isStringbool = issue?.code === 'invalid_value' && 'expected' in issue;
    if (!isStringbool || issue.expected !== 'stringbool') return undefined;
    return issue.values.filter((value) => typeof value === 'string');
  } catch {
    // It reads its value only asynchronously, which this one does not.
    return undefined;
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
