// Sends messages without end and prints what was accepted, until it is killed.
// Usage: writer.mjs DATABASE CONVERSATION
import sharp from 'sharp';
import { createChatService } from '../../../packages/core/dist/bot/create-chat-service.js';
import { openSqliteStore } from '../../../packages/core/dist/store/sqlite/open-sqlite-store.js';

const [path, conversationId] = process.argv.slice(2);

const model = {
  info: {
    id: 'endless',
    variant: 'fp32',
    capabilities: { contextLengthTokens: 1e9, images: true },
  },
  async countTokens(messages) {
    const messageTokens = messages.map(() => 1);
    return {
      totalTokens: messages.length,
      messageTokens,
      messageImageTokens: messages.map(() => 0),
    };
  },
  async *generate(_messages, { signal }) {
    yield { type: 'prompt', pictures: [], promptTokens: 1, imageTokens: 0 };
    while (!signal.aborted) {
      yield { type: 'text', text: 'word ' };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw signal.reason;
  },
  async close() {},
};

const media = {
  async normalise(bytes) {
    return { bytes, mediaType: 'image/png', widthPx: 8, heightPx: 8 };
  },
};

function noise() {
  const background = { r: Math.random() * 255, g: Math.random() * 255, b: Math.random() * 255 };
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
}

const store = await openSqliteStore({ path });
const service = await createChatService({ model, store, media });
for (let count = 0; ; count += 1) {
  const pictures = [{ bytes: await noise() }, { bytes: await noise() }];
  for await (const event of service.send(conversationId, { text: `Message ${count}`, pictures })) {
    if (event.type === 'accepted') process.stdout.write(`${JSON.stringify(event)}\n`);
    if (event.type === 'text') break;
  }
  // Some answers get further than others.
  if (count % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
  await service.stop(conversationId);
}
