import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { answerTo, type Database, maxTextLength, type ToBot, type ToPlatform } from './protocol.ts';

/** How bad it gets. */
export interface ChaosOptions {
  database: Database;
  /** Bot processes side by side; SQLite allows one. */
  processes: number;
  messages: number;
  /** Processes killed with SIGKILL while the messages come in and are answered. */
  kills: number;
  /** Times that connections to PostgreSQL are ended meanwhile, whatever they are used for. Default 0. */
  terminations?: number;
}

/** What became of the messages. */
export interface ChaosResult {
  accepted: number;
  /** With exactly the whole answer, posted once. */
  answered: number;
  /** Accepted, and without their whole answer in the end. */
  lost: number;
  /** With more posts than the answer has. */
  twice: number;
  kills: number;
  /** Connections to PostgreSQL that were ended. */
  terminated: number;
  /** Processes that ended though nobody killed them. */
  crashes: number;
}

const conversations = 40;
const deliveredTwice = 0.2;
const redeliverAfterMs = 2000;
const longestLifeMs = 1000;
/** Between two times that connections are ended. */
const longestCalmMs = 300;
const settleMs = 120_000;
/** Wrong answers that are shown whole. */
const mostShown = 10;

/** A platform whose bots die at any moment: delivers until it is acknowledged, some messages twice. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const platform = new ChaosPlatform(options);
  try {
    await platform.run();
    return platform.result();
  } finally {
    platform.close();
  }
}

interface Sent {
  event: (ToBot & { type: 'event' })['event'];
  sentAtMs: number;
  acknowledged: boolean;
}

interface Post {
  messageId: string;
  text: string;
}

class ChaosPlatform {
  readonly #options: ChaosOptions;
  readonly #bots = new Set<ChildProcess>();
  readonly #sent = new Map<string, Sent>();
  readonly #posts: Post[] = [];
  readonly #postOfKey = new Map<string, number>();
  #kills = 0;
  #terminated = 0;
  #crashes = 0;
  #closed = false;

  constructor(options: ChaosOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { processes, messages, kills, terminations = 0 } = this.#options;
    for (let count = 0; count < processes; count++) this.#startBot();
    const redelivering = setInterval(() => this.#redeliver(), 100);
    const terminating = this.#terminate(terminations);
    // As many come between two kills as it takes to be still at it when the last one dies.
    const perKill = messages / Math.max(1, kills);
    for (let number = 1; number <= messages; number++) {
      this.#postMessage(number);
      while (this.#kills < Math.min(kills, Math.floor(number / perKill))) await this.#killOne();
      if (kills === 0) await pause(terminations > 0 ? 10 : 1);
    }
    await terminating;
    const endMs = performance.now() + settleMs;
    while (!this.#isSettled() && performance.now() < endMs) await pause(50);
    // Nothing more may come.
    await pause(500);
    clearInterval(redelivering);
  }

  result(): ChaosResult {
    const counted = { kills: this.#kills, terminated: this.#terminated, crashes: this.#crashes };
    const result = { accepted: 0, answered: 0, lost: 0, twice: 0, ...counted };
    for (const { event, acknowledged } of this.#sent.values()) {
      if (!acknowledged) continue;
      result.accepted += 1;
      const posts = this.#postsFor(event.messageId);
      if (isAnswer(posts, event.text)) {
        result.answered += 1;
        continue;
      }
      if (result.lost + result.twice < mostShown)
        console.error(event.messageId, 'has the posts', posts);
      if (posts.length > mostPosts(event.text)) result.twice += 1;
      else result.lost += 1;
    }
    return result;
  }

  close(): void {
    this.#closed = true;
    for (const bot of this.#bots) bot.kill('SIGKILL');
  }

  #postsFor(messageId: string): Post[] {
    return this.#posts.filter((post) => post.messageId === messageId);
  }

  #isSettled(): boolean {
    return [...this.#sent.values()].every(
      ({ event, acknowledged }) =>
        acknowledged && isAnswer(this.#postsFor(event.messageId), event.text),
    );
  }

  #postMessage(number: number): void {
    const event: Sent['event'] = {
      type: 'message',
      eventId: `event-${number}`,
      tenant: `tenant-${number % 3}`,
      conversationKey: `conversation-${number % conversations}`,
      messageId: `message-${number}`,
      author: { id: `person-${number % 7}`, name: 'A person' },
      postedAtMs: Date.now(),
      text: `question ${number}`,
    };
    this.#sent.set(event.eventId, { event, sentAtMs: 0, acknowledged: false });
    this.#deliver(event.eventId);
    if (Math.random() < deliveredTwice) this.#deliver(event.eventId);
  }

  #deliver(eventId: string): void {
    const sent = this.#sent.get(eventId);
    const bots = [...this.#bots];
    const bot = bots[Math.floor(Math.random() * bots.length)];
    if (sent === undefined || bot?.connected !== true) return;
    sent.sentAtMs = performance.now();
    // A bot that dies meanwhile does not get it.
    bot.send({ type: 'event', event: sent.event } satisfies ToBot, () => {});
  }

  #redeliver(): void {
    for (const [eventId, { acknowledged, sentAtMs }] of this.#sent)
      if (!acknowledged && performance.now() - sentAtMs > redeliverAfterMs) this.#deliver(eventId);
  }

  #startBot(): void {
    const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));
    const bot = fork(worker, [JSON.stringify(this.#options.database)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    bot.on('message', (message: ToPlatform) => this.#hear(bot, message));
    bot.on('exit', (_, signal) => {
      this.#bots.delete(bot);
      if (signal !== 'SIGKILL') this.#crashes += 1;
      if (!this.#closed) this.#startBot();
    });
    this.#bots.add(bot);
  }

  #hear(bot: ChildProcess, message: ToPlatform): void {
    if (message.type === 'acknowledge') {
      const sent = this.#sent.get(message.eventId);
      if (sent !== undefined) sent.acknowledged = true;
    } else if (message.type === 'post') {
      const postId = this.#post(message);
      bot.send(
        { type: 'done', call: message.call, postId: String(postId) } satisfies ToBot,
        () => {},
      );
    } else if (message.type === 'edit') {
      const post = this.#posts[Number(message.postId)];
      if (post !== undefined) post.text = message.text;
      const { call, postId } = message;
      bot.send({ type: 'done', call, postId } satisfies ToBot, () => {});
    }
  }

  #post({ messageId, text, idempotencyKey }: ToPlatform & { type: 'post' }): number {
    const known = this.#postOfKey.get(idempotencyKey);
    if (known !== undefined) return known;
    const postId = this.#posts.push({ messageId, text }) - 1;
    this.#postOfKey.set(idempotencyKey, postId);
    return postId;
  }

  async #terminate(times: number): Promise<void> {
    const { database } = this.#options;
    if (times === 0) return;
    if (database.type !== 'postgres') throw new Error('Only PostgreSQL has connections to end.');
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    try {
      for (let done = 0; done < times; done++) {
        await pause(Math.random() * longestCalmMs);
        this.#terminated += await terminateSome(admin);
      }
    } finally {
      await admin.end();
    }
  }

  async #killOne(): Promise<void> {
    await pause(Math.random() * longestLifeMs);
    const bots = [...this.#bots];
    const bot = bots[Math.floor(Math.random() * bots.length)];
    if (bot?.kill('SIGKILL')) this.#kills += 1;
  }
}

/** Ends some of the connections of the bots, each time between one and all of them. */
async function terminateSome(admin: pg.Client): Promise<number> {
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity,
      (select random() as share) as time where application_name = 'vistazo' and random() <= share`,
  );
  return rowCount ?? 0;
}

function isAnswer(posts: readonly Post[], question: string): boolean {
  return posts.length <= mostPosts(question) && joined(posts) === answerTo(question);
}

function joined(posts: readonly Post[]): string {
  return posts.map(({ text }) => text).join(' ');
}

function mostPosts(question: string): number {
  // Split between words, each post but the last is more than half full.
  return Math.max(1, Math.floor(answerTo(question).length / (maxTextLength / 2)));
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
