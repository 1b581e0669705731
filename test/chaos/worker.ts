// One bot process of the chaos test: a real bot and a real database, a platform at the other end
// of the IPC channel, a model that answers at once. Usage: worker.ts JSON of a Database
import {
  type Adapter,
  type ChatMessage,
  createBot,
  type GenerationEvent,
  openPostgresStore,
  openSqliteStore,
  type VisionLanguageModel,
} from '@vistazo/core';
import { answerTo, type Database, maxTextLength, type ToBot, type ToPlatform } from './protocol.ts';

const send = (message: ToPlatform) =>
  process.connected && process.send?.(message, undefined, undefined, () => {});
const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

const calls = new Map<number, (postId: string) => void>();
function call(message: (call: number) => ToPlatform): Promise<string> {
  const number = calls.size;
  const { promise, resolve } = Promise.withResolvers<string>();
  calls.set(number, resolve);
  send(message(number));
  return promise;
}

const adapter: Adapter = {
  name: 'chaos',
  capabilities: { maxTextLength, editMessages: true, editIntervalMs: 5 },
  async start(host) {
    process.on('message', async (message: ToBot) => {
      if (message.type === 'done') return calls.get(message.call)?.(message.postId);
      // What cannot be stored is not acknowledged, and delivered again.
      const result = await host.receive(message.event).catch(() => undefined);
      if (result !== undefined) send({ type: 'acknowledge', eventId: message.event.eventId });
    });
  },
  async stop() {},
  post: ({ messageId, text, idempotencyKey }) =>
    call((number) => ({ type: 'post', call: number, messageId, text, idempotencyKey })),
  edit: async ({ postId }, text) => {
    await call((number) => ({ type: 'edit', call: number, postId, text }));
  },
};

function questionOf(messages: readonly ChatMessage[]): string {
  const content = messages.at(-1)?.content ?? '';
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

const model: VisionLanguageModel = {
  info: {
    id: 'chaos',
    variant: 'none',
    runs: 'here',
    capabilities: {
      contextLengthTokens: 100,
      images: false,
      tools: false,
      exactTokenCounts: true,
    },
  },
  async countTokens(messages) {
    return {
      totalTokens: messages.length,
      messageTokens: messages.map(() => 1),
      messageImageTokens: messages.map(() => 0),
    };
  },
  async *generate(messages): AsyncGenerator<GenerationEvent> {
    yield { type: 'prompt', pictures: [], promptTokens: 1, imageTokens: 0 };
    const text = answerTo(questionOf(messages));
    for (const piece of text.match(/.{1,60}/gs) ?? []) {
      await pause(Math.random() * 10);
      yield { type: 'text', text: piece };
    }
    yield {
      type: 'end',
      finishReason: 'endToken',
      text,
      usage: { promptTokens: 1, imageTokens: 0, reusedTokens: 0, answerTokens: 1 },
      timings: {
        queueMs: 0,
        preprocessMs: 0,
        encodeMs: 0,
        timeToFirstTokenMs: 0,
        totalMs: 0,
        tokensPerSecond: 0,
      },
    };
  },
  async close() {},
};

const database: Database = JSON.parse(process.argv[2] ?? '');
const store = await (database.type === 'sqlite'
  ? openSqliteStore(database)
  : openPostgresStore({ ...database, maxConnections: 5 }));
const bot = createBot({
  log: { level: 'silent' },
  model,
  adapters: [adapter],
  store,
  limits: {
    leaseMs: 1500,
    pollMs: 100,
    maxConcurrentAnswers: 8,
    maxOpenPerPerson: 1e6,
    maxOpenPerTenant: 1e6,
    maxConcurrentPerPerson: 8,
    perPerson: null,
    perTenant: null,
  },
});
await bot.start();
send({ type: 'ready' });
process.on('disconnect', () => process.exit(0));
