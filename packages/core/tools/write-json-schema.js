// Writes the JSON Schema of the chat format from the built package; run it after a change of the format.
import { writeFileSync } from 'node:fs';
import { chatMessagesJsonSchema } from '../dist/conversation/chat-messages-json-schema.js';

const file = new URL('../schema/chat-messages.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(chatMessagesJsonSchema(), null, 2)}\n`);
