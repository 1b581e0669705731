import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Twin } from './twin-fixture.ts';

/** How bad it gets. */
export interface KillOptions {
  /** Times that the bot is killed with SIGKILL. */
  kills: number;
  /** At least one for each channel; every fifth is posted while the bot is away. */
  questions: number;
  /** Channels in which they are asked in turn. Default 3. */
  channels?: number;
}

/** What became of the questions. */
export interface KillResult {
  questions: number;
  /** With exactly the whole answer, posted once. */
  answered: number;
  /** Without their whole answer in the end. */
  lost: number;
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
  const { kills, questions, channels = 3 } = options;
  const twin = await Twin.start({ channels });
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-kill-'));
  const bot = new MortalBot(twin, join(folder, 'bot.sqlite'));
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
      await wait(lifeStepMs * ((kill % lifeSteps) + 1));
      await bot.kill();
      for (const _ of whileAway) await conversation.ask();
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

class MortalBot {
  readonly #twin: Twin;
  readonly #path: string;
  #running: ChildProcess | undefined;

  constructor(twin: Twin, path: string) {
    this.#twin = twin;
    this.#path = path;
  }

  /** Resolves when it is on Discord. */
  async start(): Promise<void> {
    const { front, digital } = this.#twin;
    const args = [worker, `${front.origin}/api`, digital.botToken, this.#path];
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running = running;
    const died = once(running, 'exit').then(([code]) => {
      throw new Error(`The bot ended with ${code} before it was on Discord.`);
    });
    await Promise.race([once(running.stdout, 'data'), died]);
    died.catch(() => {});
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  }
}

class Conversation {
  readonly #questions: { id: string; text: string }[] = [];
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
    this.#questions.push({ id: await twin.ask(text, { by, channelId }), text });
  }

  /** Resolves when all are answered, or nothing more happens. */
  async settle(): Promise<void> {
    let before = -1;
    for (let sinceMs = Date.now(); Date.now() - sinceMs < settleMs; await wait(250)) {
      const { answered, twice } = await this.count();
      if (answered + twice >= this.asked) return;
      if (answered > before) sinceMs = Date.now();
      before = answered;
    }
  }

  async count() {
    const channels = await Promise.all(this.#twin.channelIds.map((id) => this.#twin.posts(id)));
    const posts = channels.flat();
    const counts = { questions: this.asked, answered: 0, lost: 0, twice: 0 };
    const wrong: { question: string; answers: string[] }[] = [];
    for (const { id, text } of this.#questions) {
      const answers = posts.filter(({ message_reference }) => message_reference?.message_id === id);
      const isWhole = answers.some(({ content }) => content === `You asked: ${text} That is all.`);
      if (answers.length === 1 && isWhole) counts.answered += 1;
      else wrong.push({ question: text, answers: answers.map(({ content }) => content) });
      if (answers.length > 1) counts.twice += 1;
      if (!isWhole) counts.lost += 1;
    }
    return { ...counts, wrong };
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
