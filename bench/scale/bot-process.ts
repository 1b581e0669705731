// One of several bots on a PostgreSQL database, with a model on a server. Usage: bot-process.ts JSON of BotSettings
import { type Adapter, createBot, createServerModel, openPostgresStore } from '@vistazo/core';
import type { BotSettings, FromBot, ToBot } from './protocol.ts';

const settings: BotSettings = JSON.parse(process.argv[2] ?? '');
const tell = (message: FromBot) => process.send?.(message);

/** The platform is at the other end of the channel; it posts once for each key. */
const adapter: Adapter = {
  name: 'scale',
  capabilities: { maxTextLength: 2000, editMessages: false, editIntervalMs: 0 },
  async start(host) {
    process.on('message', async ({ event }: ToBot) => {
      await host.receive(event);
      tell({ type: 'acknowledged', messageId: event.messageId });
    });
  },
  async stop() {},
  async post({ messageId, idempotencyKey, text }) {
    tell({ type: 'posted', messageId, idempotencyKey, text });
    return idempotencyKey;
  },
};

const model = await createServerModel({
  servers: [{ baseUrl: settings.modelUrl, model: 'steady' }],
});
const store = await openPostgresStore({ url: settings.databaseUrl, maxConnections: 10 });
const bot = createBot({
  log: { level: 'silent' },
  model,
  store,
  adapters: [adapter],
  limits: {
    leaseMs: 3000,
    maxConcurrentAnswers: settings.sideBySide,
    maxConcurrentPerPerson: settings.sideBySide,
    maxOpenPerPerson: 1e6,
    maxOpenPerTenant: 1e6,
    perPerson: null,
    perTenant: null,
    standingAfterMs: 3_600_000,
  },
});
await bot.start();
tell({ type: 'ready' });
process.on('disconnect', () => process.exit(0));
