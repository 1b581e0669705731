import { type BotOptions, createBot } from '../bot/create-bot.js';
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.js';
import type { Store } from '../store/store.js';
import { MemoryAdapter, type PersonMessage } from './memory-adapter.js';
import { type Script, ScriptedModel } from './scripted-model.js';

/** Options of {@link createTestBot}; what a bot needs besides has a default. */
export type TestBotOptions = Partial<Omit<BotOptions, 'adapters'>> & {
  /** What the model says, in order, and `Yes.` after the last. Ignored where `model` is given. */
  answers?: readonly (Script | string)[];
  /** The platform. Default: one that can edit, with messages of up to 2000 characters. */
  adapter?: MemoryAdapter;
};

/** A bot on a platform in memory, which answers nobody but the test. */
export interface TestBot extends AsyncDisposable {
  readonly adapter: MemoryAdapter;
  /** The model, where none was given. */
  readonly model: ScriptedModel;
  readonly store: Store;
  /** A person posts a message; gives the whole answer that people then see. */
  ask(text: string, message?: PersonMessage): Promise<string>;
  /** Resolves when every message is answered. */
  idle(): Promise<void>;
  /** Stops the bot and closes its store. */
  close(): Promise<void>;
}

const idlePollMs = 5;

/** Starts a bot with everything in memory: a scripted model, a platform, a store. */
export async function createTestBot(options: TestBotOptions = {}): Promise<TestBot> {
  const { answers = [], adapter = new MemoryAdapter(), ...given } = options;
  const model = new ScriptedModel(answers);
  const store = given.store ?? (await openSqliteStore({ path: ':memory:' }));
  const bot = createBot({ model, ...given, store, adapters: [adapter] });
  await bot.start();
  const idle = async () => {
    while ((await store.jobs.countOpen()) > 0)
      await new Promise((resolve) => setTimeout(resolve, idlePollMs));
  };
  const close = async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  return {
    adapter,
    model,
    store,
    idle,
    close,
    [Symbol.asyncDispose]: close,
    async ask(text, message) {
      const { messageId } = await adapter.say(text, message);
      await idle();
      return adapter.textFor(messageId);
    },
  };
}
