// npm run bench:scale [-- --messages 1000 --answer-ms 300 --side-by-side 8]: how many messages 1, 2 and 4
// bot processes on one PostgreSQL database answer with a model on a server, and what becomes of them when
// one of the processes is killed. Prints JSON; exits 1 when a message is not answered exactly once.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../test/postgres/postgres-server.ts';
import type { BotSettings, FromBot, ToBot } from './scale/protocol.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000' },
    'answer-ms': { type: 'string', default: '300' },
    'side-by-side': { type: 'string', default: '8' },
  },
});
const messages = Number(values.messages);
const answerMs = Number(values['answer-ms']);
const sideBySide = Number(values['side-by-side']);
const answer = 'It is a red circle.';
const conversations = 200;
/** Not acknowledged by then, an event is delivered to another process. */
const redeliverMs = 2000;

const start = (path: string, argument: string) =>
  fork(fileURLToPath(new URL(path, import.meta.url)), [argument], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });

/** A platform with several bots, which delivers each event to one of them until it is acknowledged. */
class Platform {
  readonly #bots: ChildProcess[] = [];
  readonly #acknowledge = new Map<string, () => void>();
  readonly #acknowledgedMs: number[] = [];
  readonly #postOfKey = new Map<string, string>();
  readonly #posts = new Map<string, string[]>();
  readonly #byProcess = new Map<ChildProcess, number>();
  #sentMs = 0;
  #lastPostMs = 0;

  async start(settings: BotSettings, processes: number): Promise<void> {
    for (let count = 0; count < processes; count++) {
      const bot = start('./scale/bot-process.ts', JSON.stringify(settings));
      this.#bots.push(bot);
      this.#byProcess.set(bot, 0);
      bot.on('message', (message: FromBot) => this.#hear(bot, message));
      await once(bot, 'message');
    }
  }

  #hear(bot: ChildProcess, message: FromBot): void {
    if (message.type === 'acknowledged') this.#acknowledge.get(message.messageId)?.();
    if (message.type !== 'posted' || this.#postOfKey.has(message.idempotencyKey)) return;
    this.#postOfKey.set(message.idempotencyKey, message.text);
    this.#posts.set(message.messageId, [
      ...(this.#posts.get(message.messageId) ?? []),
      message.text,
    ]);
    this.#byProcess.set(bot, (this.#byProcess.get(bot) ?? 0) + 1);
    this.#lastPostMs = performance.now();
  }

  /** Sends all messages, ten at a time; `killAfter` answers one process dies. */
  async run(killAfter: number | undefined): Promise<void> {
    this.#sentMs = performance.now();
    let next = 0;
    const send = async () => {
      for (let number = next++; number < messages; number = next++) await this.#send(number);
    };
    const sending = Promise.all(Array.from({ length: 10 }, send));
    if (killAfter !== undefined) {
      while (this.#posts.size < killAfter) await pause(5);
      this.#bots.shift()?.kill('SIGKILL');
    }
    await sending;
    const endMs = performance.now() + 120_000;
    while (this.#posts.size < messages && performance.now() < endMs) await pause(20);
    await pause(500);
  }

  async #send(number: number): Promise<void> {
    const messageId = `message-${number}`;
    const event: ToBot['event'] = {
      type: 'message',
      eventId: `event-${number}`,
      tenant: `tenant-${number % 20}`,
      conversationKey: `conversation-${number % conversations}`,
      messageId,
      author: { id: `person-${number % 100}`, name: 'Pat' },
      postedAtMs: Date.now(),
      text: 'What is it?',
    };
    const sentMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#acknowledge.set(messageId, resolve);
    let isAcknowledged = false;
    void promise.then(() => {
      isAcknowledged = true;
    });
    for (let attempt = number; !isAcknowledged; attempt++) {
      this.#bots[attempt % this.#bots.length]?.send({ event } satisfies ToBot, () => {});
      await Promise.race([promise, pause(redeliverMs)]);
    }
    this.#acknowledgedMs.push(performance.now() - sentMs);
  }

  result() {
    const acknowledged = this.#acknowledgedMs.toSorted((a, b) => a - b);
    const counts = [...this.#posts.values()];
    const right = counts.filter((texts) => texts.length === 1 && texts[0] === answer).length;
    return {
      answered: right,
      lost: messages - this.#posts.size,
      twice: counts.filter(({ length }) => length > 1).length,
      perSecond: Number((messages / ((this.#lastPostMs - this.#sentMs) / 1000)).toFixed(1)),
      acknowledgedP99Ms: Math.round(acknowledged[Math.floor(0.99 * messages)] ?? Number.NaN),
      shares: [...this.#byProcess.values()],
    };
  }

  close(): void {
    for (const bot of this.#byProcess.keys()) bot.kill('SIGKILL');
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

const postgres = await startPostgres({ isDurable: true });
const model = start('./scale/model-server.ts', String(answerMs));
try {
  const [port] = await once(model, 'message');
  for (const { processes, killAfter } of [
    { processes: 1, killAfter: undefined },
    { processes: 2, killAfter: undefined },
    { processes: 4, killAfter: undefined },
    { processes: 4, killAfter: messages / 4 },
  ]) {
    const platform = new Platform();
    const databaseUrl = await postgres.newDatabase();
    try {
      await platform.start(
        { databaseUrl, modelUrl: `http://127.0.0.1:${port}/v1`, sideBySide },
        processes,
      );
      await platform.run(killAfter);
    } finally {
      platform.close();
    }
    const result = platform.result();
    const killed = killAfter === undefined ? 0 : 1;
    console.log(JSON.stringify({ processes, killed, messages, ...result }));
    if (result.answered < messages || result.twice > 0) process.exitCode = 1;
  }
} finally {
  model.kill('SIGKILL');
  await postgres.stop();
}
