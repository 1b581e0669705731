import { z } from 'zod';
import { chatMessagesSchema } from './chat-message.js';

/**
 * The chat format as a JSON Schema (draft 2020-12), for other languages. A picture is a data URI, an
 * address or a stored id there: bytes have no form in JSON.
 */
export function chatMessagesJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(chatMessagesSchema, {
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // What JSON cannot hold comes out as {}, which would allow anything.
      if (jsonSchema.anyOf) jsonSchema.anyOf = jsonSchema.anyOf.filter((each) => !isEmpty(each));
      if (jsonSchema.format === 'uri') jsonSchema.pattern = '^[Hh][Tt][Tt][Pp][Ss]?:';
    },
  });
  return { ...schema, title: 'Chat messages' };
}

function isEmpty(schema: object | boolean): boolean {
  return typeof schema === 'object' && Object.keys(schema).length === 0;
}
