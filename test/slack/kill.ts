import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MortalBot } from '../chaos/mortal-bot.ts';
import { settle } from '../chaos/settle.ts';
import { echoOf } from '../chaos/slow-echo.ts';
import type { SlackMessage } from './fake/workspace.ts';
import { FakeSlack } from './fake-slack.ts';

/** How bad it gets. */
export interface KillOptions {
  /** Times that the bot is killed with SIGKILL. */
  kills: number;
  /** Every fifth is posted while the bot is away, every fourth in direct messages. */
  questions: number;
  /** How answers grow. */
  streaming: 'native' | 'edits';
}

/** What became of the questions. */
export interface KillResult {
  questions: number;
  /** With exactly the whole answer in their thread, posted once, and nothing that still streams. */
  answered: number;
  /** Without their whole answer in the end. */
  lost: number;
  /** With more posts than the answer has. */
  twice: number;
  kills: number;
}

const worker = join(import.meta.dirname, 'kill-worker.ts');
/** Events that come again although they were acknowledged. */
const redeliveredShare = 0.2;
const longestLifeMs = 700;
/** Slack takes about one message a second in each. */
const channels = 7;
/** Who is not answered within that time after the last answer is lost. */
const settleMs = 60_000;
/** Wrong answers that are shown whole. */
const mostShown = 10;

/** A bot on our fake of Slack, over Socket Mode, in a process that dies at any moment. */
export async function killInConversation(options: KillOptions): Promise<KillResult> {
  const { kills, questions, streaming } = options;
  const fake = await FakeSlack.start();
  fake.outbox.redeliveredShare = redeliveredShare;
  // Slack sends an event again a minute and five minutes later, when a bot that died is back.
  fake.outbox.ackTimeoutMs = 1000;
  fake.outbox.retries = kills;
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-kill-'));
  const { botToken } = fake.bot;
  const args = [fake.apiUrl, botToken, fake.appToken, join(folder, 'bot.sqlite'), streaming];
  const bot = new MortalBot(worker);
  const conversations = new Conversations(fake);
  try {
    await bot.start(args);
    for (let kill = 0; kill < kills; kill++) {
      const untilNow = Math.ceil((questions * (kill + 1)) / kills);
      const numbers = range(conversations.asked, untilNow);
      const whileAway = numbers.filter((number) => number % 5 === 4);
      for (let count = whileAway.length; count < numbers.length; count++) conversations.ask();
      await wait(Math.random() * longestLifeMs);
      await bot.kill();
      for (const _ of whileAway) conversations.ask();
      await bot.start(args);
    }
    // A beginning of an answer in direct messages is not known to be that of its question yet.
    await settle(() => ({ ...conversations.count(), twice: 0 }), settleMs);
    const { wrong, ...counts } = conversations.count();
    for (const each of wrong.slice(0, mostShown)) console.error(JSON.stringify(each));
    return { ...counts, kills };
  } finally {
    await bot.kill();
    await fake.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class Conversations {
  readonly #questions: { ts: string; channel: string; text: string }[] = [];
  readonly #fake: FakeSlack;
  readonly #people: readonly string[];
  readonly #channels: readonly string[];

  constructor(fake: FakeSlack) {
    this.#fake = fake;
    this.#people = [fake.addPerson('Ana'), fake.addPerson('Ben')];
    this.#channels = range(0, channels).map((n) => fake.addChannel(`c${n}`, this.#people));
  }

  get asked(): number {
    return this.#questions.length;
  }

  ask(): void {
    const { asked } = this;
    const user = this.#people[asked % this.#people.length] ?? '';
    const isDirect = asked % 4 === 3;
    const channel = isDirect
      ? this.#fake.directMessages(user)
      : (this.#channels[asked % channels] ?? '');
    const text = `Question ${asked}?`;
    const said = isDirect ? text : `<@${this.#fake.bot.botUserId}> ${text}`;
    const { ts } = this.#fake.people.post({ channel, user, text: said });
    this.#questions.push({ ts, channel, text });
  }

  count() {
    const counts = { questions: this.asked, answered: 0, lost: 0, twice: 0 };
    const wrong: { question: string; answers: string[] }[] = [];
    for (const { ts, channel, text } of this.#questions) {
      const answers = this.#answersTo(ts, channel, text);
      const isWhole = answers.some((answer) => isWholeAnswer(answer, text));
      if (isWhole && answers.length === 1) counts.answered += 1;
      else wrong.push({ question: text, answers: answers.map((answer) => answer.text) });
      if (answers.length > 1) counts.twice += 1;
      if (!isWhole) counts.lost += 1;
    }
    return { ...counts, wrong };
  }

  /** In its thread, or in direct messages what says its words. */
  #answersTo(ts: string, channel: string, question: string): SlackMessage[] {
    const { botUserId } = this.#fake.bot;
    const said = this.#fake.messages(channel).filter(({ user }) => user === botUserId);
    if (this.#channels.includes(channel)) return said.filter(({ thread_ts }) => thread_ts === ts);
    // What is left of an answer that was not finished may not have come to the question.
    return said.filter(({ text }) => text.includes(question) || !text.endsWith('That is all.'));
  }
}

function isWholeAnswer({ text, streaming_state }: SlackMessage, question: string): boolean {
  return text === echoOf(question) && streaming_state !== 'in_progress';
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
