import { type Bot, type BotOptions, createBot } from '../bot/create-bot.js';
import type { PluginControl } from '../bot/plugin-control.js';
import type { VistazoError } from '../errors.js';
import type { Rating } from '../store/conversation-store.js';
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.js';
import type { Store } from '../store/store.js';
import { type ButtonPressing, MemoryAdapter, type PersonMessage } from './memory-adapter.js';
import { type Script, ScriptedModel } from './scripted-model.js';
import { TestClock } from './test-clock.js';

/** Options of {@link createTestBot}; what a bot needs besides has a default. Tests may write as much as they like: no rates are set. */
export type TestBotOptions = Partial<Omit<BotOptions, 'adapters' | 'clock'>> & {
  /** What the model says, in order, and `Yes.` after the last. Ignored where `model` is given. */
  answers?: readonly (Script | string)[];
  /** The platform. Default: one that can edit, with messages of up to 2000 characters. */
  adapter?: MemoryAdapter;
};

/** A bot on a platform in memory, which answers nobody but the test. */
export interface TestBot extends Pick<Bot, 'metrics' | 'fetch' | 'forget'>, AsyncDisposable {
  readonly adapter: MemoryAdapter;
  /** The model, where none was given. */
  readonly model: ScriptedModel;
  readonly store: Store;
  /** By which schedules of plugins go; stands still until the test moves it. */
  readonly clock: TestClock;
  /** Which plugins each tenant has, and how. */
  readonly plugins: PluginControl;
  /** A person posts a message; gives the whole answer that people then see. */
  ask(text: string, message?: PersonMessage): Promise<string>;
  /**
   * A person presses the button with this label, see {@link MemoryAdapter.press}, on a platform that has buttons;
   * gives the whole answer that people then see.
   */
  press(label: string, pressing?: ButtonPressing): Promise<string>;
  /** A person says what they think of the answer to a message, by default to the last one. */
  rate(rating: Rating | null, message?: { messageId?: string; comment?: string }): Promise<void>;
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
  const clock = new TestClock();
  const bot = createBot({
    model,
    clock,
    log: { level: 'silent' },
    onPluginFault: warnOfPlugin,
    ...given,
    limits: { perPerson: null, perTenant: null, ...given.limits },
    store,
    adapters: [adapter],
  });
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
    clock,
    plugins: bot.plugins,
    idle,
    metrics: () => bot.metrics(),
    forget: (request) => bot.forget(request),
    fetch: bot.fetch,
    close,
    [Symbol.asyncDispose]: close,
    async ask(text, message) {
      const { messageId } = await adapter.say(text, message);
      await idle();
      return adapter.textFor(messageId);
    },
    async press(label, pressing) {
      const { messageId } = await adapter.press(label, pressing);
      await idle();
      return adapter.textFor(messageId);
    },
    rate: (rating, message) => adapter.rate(rating, message),
  };
}

/** The log is silent, and whoever tests a plugin should see that it failed. */
function warnOfPlugin(_: string, { code, message }: VistazoError): void {
  process.emitWarning(message, { code });
}
