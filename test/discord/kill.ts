import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MortalBot } from '../chaos/mortal-bot.ts';
import { settle } from '../chaos/settle.ts';
import { echoOf } from '../chaos/slow-echo.ts';
import { Twin } from './twin-fixture.ts';

/** How bad it gets. */
export interface KillOptions {
  /** Times that the bot is killed with SIGKILL. */
  kills: number;
  /**
   * At least one for each channel; every fifth is posted while the bot is away. Each time that it is away one
   * is changed and, every second time, another one deleted.
   */
  questions: number;
  /** Channels in which they are asked in turn. Default 3. */
  channels?: number;
  /** Each kill comes at another place of an answer, and after other changes; this is the first of them. Default 0. */
  firstKill?: number;
}

/** What became of the questions. */
export interface KillResult {
  questions: number;
  /** Of these, changed and deleted while the bot was away. */
  changed: number;
  deleted: number;
  /** With exactly the whole answer to what they ask at last, posted once; of those deleted, with none. */
  answered: number;
  /** Without their whole answer in the end. */
  lost: number;
  /** Deleted, and answered all the same. */
  haunted: number;
  /** With more posts than the answer has. */
  twice: number;
  kills: number;
}

const worker = join(import.meta.dirname, 'kill-worker.ts');
/** A bot lives on for one of these after its questions, so that it dies at other places of an answer each time. */
const lifeSteps = 10;
const lifeStepMs = 60;
/** Who is not answered within that time after the last answer is lost. */
const settleMs = 60_000;
/** Wrong answers that are shown whole. */
const mostShown = 10;

/** A bot with the real client of discord.js, on discord-digital-twin, in a process that dies at any moment. */
export async function killInConversation(options: KillOptions): Promise<KillResult> {
  const { kills, questions, channels = 3, firstKill = 0 } = options;
  const twin = await Twin.start({ channels });
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-kill-'));
  const bot = new MortalTwinBot(twin, join(folder, 'bot.sqlite'));
  const conversation = new Conversation(twin);
  try {
    await bot.start();
    // Channels where nobody asked before are not looked at.
    for (let number = 0; number < channels; number++) await conversation.ask();
    await conversation.settle();
    for (let kill = 0; kill < kills; kill++) {
      const untilNow = channels + Math.ceil(((questions - channels) * (kill + 1)) / kills);
      const numbers = range(conversation.asked, untilNow);
      const whileAway = numbers.filter((number) => number % 5 === 4);
      for (let count = whileAway.length; count < numbers.length; count++) await conversation.ask();
      const step = firstKill + kill;
      await wait(lifeStepMs * ((step % lifeSteps) + 1));
      await bot.kill();
      for (const _ of whileAway) await conversation.ask();
      await conversation.change(step);
      if (step % 2 === 1) await conversation.delete(step);
      await bot.start();
    }
    await conversation.settle();
    const { wrong, ...counts } = await conversation.count();
    for (const each of wrong.slice(0, mostShown)) console.error(JSON.stringify(each));
    return { ...counts, kills };
  } finally {
    await bot.kill();
    await twin.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A bot on the twin in a process of its own. */
export class MortalTwinBot {
  readonly #twin: Twin;
  readonly #path: string;
  readonly #bot = new MortalBot(worker);

  constructor(twin: Twin, path: string) {
    this.#twin = twin;
    this.#path = path;
  }

  /** Resolves when it is on Discord. */
  async start({ linkPreviewMs = 1500 } = {}): Promise<void> {
    const { front, digital } = this.#twin;
    const api = `${front.origin}/api`;
    await this.#bot.start([api, digital.botToken, this.#path, String(linkPreviewMs)]);
  }

  async kill(): Promise<void> {
    await this.#bot.kill();
  }
}

interface Question {
  id: string;
  text: string;
  by: string;
  channelId: string;
  isChanged: boolean;
  isDeleted: boolean;
}

class Conversation {
  readonly #questions: Question[] = [];
  readonly #twin: Twin;

  constructor(twin: Twin) {
    this.#twin = twin;
  }

  get asked(): number {
    return this.#questions.length;
  }

  async ask(): Promise<void> {
    const twin = this.#twin;
    const { asked } = this;
    const channelId = twin.channelIds[asked % twin.channelIds.length] ?? '';
    const text = `Question ${asked}?`;
    const by = asked % 2 === 0 ? twin.ana : twin.ben;
    const id = await twin.ask(text, { by, channelId });
    this.#questions.push({ id, text, by, channelId, isChanged: false, isDeleted: false });
  }

  /** One of the latest, posted before or after the bot died. */
  async change(kill: number): Promise<void> {
    const question = this.#latest(kill % 4);
    if (question === undefined) return;
    question.text = `${question.text.replace(/, changed.*/, '')}, changed ${kill}?`;
    question.isChanged = true;
    const content = `<@${this.#twin.botId}> ${question.text}`;
    await this.#as(question).editMessage({ messageId: question.id, content });
  }

  async delete(kill: number): Promise<void> {
    const question = this.#latest((kill + 2) % 5);
    if (question === undefined) return;
    question.isDeleted = true;
    await this.#as(question).deleteMessage({ messageId: question.id });
  }

  #latest(before: number): Question | undefined {
    return this.#questions.filter(({ isDeleted }) => !isDeleted).at(-1 - before);
  }

  #as({ channelId, by }: Question) {
    return this.#twin.digital.channel(channelId).user(by);
  }

  /** Resolves when all are answered, or nothing more happens. */
  async settle(): Promise<void> {
    await settle(() => this.count(), settleMs);
  }

  async count() {
    const channels = await Promise.all(this.#twin.channelIds.map((id) => this.#twin.posts(id)));
    const posts = channels.flat();
    const changed = this.#questions.filter(({ isChanged }) => isChanged).length;
    const deleted = this.#questions.filter(({ isDeleted }) => isDeleted).length;
    const about = { questions: this.asked, changed, deleted };
    const counts = { ...about, answered: 0, lost: 0, haunted: 0, twice: 0 };
    const wrong: { question: string; answers: string[] }[] = [];
    for (const { id, text, isDeleted } of this.#questions) {
      const answers = posts.filter(({ message_reference }) => message_reference?.message_id === id);
      const isWhole = isDeleted
        ? answers.length === 0
        : answers.some(({ content }) => content === echoOf(text));
      if (isWhole && answers.length <= 1) counts.answered += 1;
      else wrong.push({ question: text, answers: answers.map(({ content }) => content) });
      if (answers.length > 1) counts.twice += 1;
      if (!isWhole && isDeleted) counts.haunted += 1;
      if (!isWhole && !isDeleted) counts.lost += 1;
    }
    return { ...counts, wrong };
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
