// npm run bench:slack [-- --edits]: a bot with the embedded model and Slack's own clients, over Socket Mode, in a process
// of its own. How soon it says its first words to a question with a screenshot, what a burst of questions in many
// channels costs, and how soon events are acknowledged while the model has more to do than it can. Prints JSON.
// Slack is a stand-in of our own on loopback, which keeps rates like Slack's in the burst. There is no way through the
// Internet in these times.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { RateLimits } from '../test/slack/fake/rate-limits.ts';
import type { Call } from '../test/slack/fake/web-api.ts';
import type { SlackMessage } from '../test/slack/fake/workspace.ts';
import { FakeSlack } from '../test/slack/fake-slack.ts';
import { drawPictures } from './pictures.ts';

const oneByOne = { warmUps: 2, questions: 20 };
const burst = { questions: 50, channels: 10 };
/** Far more than the model can answer, so that it is never idle. */
const saturated = { questions: 200, intervalMs: 50 };
/** Before the burst, so that nothing of Slack's rates is used up. */
const restMs = 20_000;
const question = 'What is in this picture?';
const longestAnswerMs = 60_000;
const longestBurstMs = 480_000;

const delaySchema = z.object({ eventLoopP99Ms: z.number(), eventLoopMaxMs: z.number() });

class Bench {
  readonly #fake: FakeSlack;
  readonly #bot: ChildProcess;
  readonly #pictures: readonly Uint8Array[];
  readonly #people: readonly string[];
  readonly #channels: readonly string[];
  #asked = 0;

  constructor(fake: FakeSlack, bot: ChildProcess, pictures: readonly Uint8Array[]) {
    this.#fake = fake;
    this.#bot = bot;
    this.#pictures = pictures;
    this.#people = ['Ana', 'Ben'].map((name) => fake.addPerson(name));
    this.#channels = Array.from({ length: burst.channels }, (_, index) =>
      fake.addChannel(`c${index}`, this.#people),
    );
  }

  async latencies() {
    const firstTextMs: number[] = [];
    for (let index = 0; index < oneByOne.warmUps + oneByOne.questions; index++) {
      let textMs = Number.POSITIVE_INFINITY;
      const startMs = performance.now();
      const end = this.#fake.api.intercept((call) => {
        if (isText(call)) textMs = Math.min(textMs, performance.now() - startMs);
        return undefined;
      });
      await this.#untilAnswered([this.#ask()], longestAnswerMs);
      end();
      if (index >= oneByOne.warmUps) firstTextMs.push(textMs);
    }
    const { questions } = oneByOne;
    return { questions, firstText: spread(firstTextMs), ...(await this.#eventLoop()) };
  }

  async burst() {
    const { api, outbox } = this.#fake;
    await wait(restMs);
    await this.#eventLoop();
    const rates = new RateLimits();
    api.rates = rates;
    const began = { calls: api.calls.length, acks: outbox.ackTimesMs.length };
    const startMs = performance.now();
    const asked = Array.from({ length: burst.questions }, () => this.#ask());
    await this.#untilAnswered(asked, longestBurstMs);
    const seconds = Math.round((performance.now() - startMs) / 100) / 10;
    api.rates = undefined;
    return {
      ...burst,
      answered: asked.filter((ts) => this.#isAnsweredOnce(ts)).length,
      seconds,
      calls: countsOf(api.calls.slice(began.calls)),
      received429: Object.fromEntries(rates.refused),
      acknowledged: spread(outbox.ackTimesMs.slice(began.acks)),
      ...(await this.#eventLoop()),
    };
  }

  async acknowledgements() {
    const { outbox } = this.#fake;
    await this.#eventLoop();
    const began = outbox.ackTimesMs.length;
    for (let count = 0; count < saturated.questions; count++) {
      this.#ask();
      await wait(saturated.intervalMs);
    }
    const acknowledged = spread(outbox.ackTimesMs.slice(began));
    return { ...saturated, acknowledged, ...(await this.#eventLoop()) };
  }

  #ask(): string {
    const { people, bot } = this.#fake;
    const number = this.#asked++;
    const bytes = this.#pictures[number % this.#pictures.length] ?? new Uint8Array();
    return people.post({
      channel: this.#channels[number % this.#channels.length] ?? '',
      user: this.#people[number % this.#people.length] ?? '',
      text: `<@${bot.botUserId}> ${question}`,
      files: [{ name: 'shot.png', bytes }],
    }).ts;
  }

  #answersTo(ts: string): SlackMessage[] {
    const { world, bot } = this.#fake;
    return world.posts
      .map(({ message }) => message)
      .filter(({ thread_ts, user }) => thread_ts === ts && user === bot.botUserId);
  }

  /** Whole answers have the buttons for what people think of them. */
  #isAnsweredOnce(ts: string): boolean {
    const [answer, ...others] = this.#answersTo(ts);
    const isWhole = JSON.stringify(answer?.blocks ?? []).includes('"feedback_buttons"');
    return isWhole && others.length === 0;
  }

  async #untilAnswered(asked: readonly string[], longestMs: number): Promise<void> {
    const endMs = performance.now() + longestMs;
    const isOpen = (ts: string) => !this.#isAnsweredOnce(ts);
    while (asked.some(isOpen) && performance.now() < endMs) await wait(20);
  }

  async #eventLoop() {
    this.#bot.send('delay');
    const [said] = await once(this.#bot, 'message');
    const { eventLoopP99Ms, eventLoopMaxMs } = delaySchema.parse(said);
    return {
      eventLoopP99Ms: Math.round(eventLoopP99Ms * 10) / 10,
      eventLoopMaxMs: Math.round(eventLoopMaxMs * 10) / 10,
    };
  }
}

function isText({ method, args: { text, markdown_text } }: Call): boolean {
  return method.startsWith('chat.') && Boolean(text ?? markdown_text);
}

function countsOf(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method } of calls)
    if (method.startsWith('chat.')) counts[method] = (counts[method] ?? 0) + 1;
  return counts;
}

function spread(valuesMs: readonly number[]) {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN,
    );
  return { medianMs: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

const { values } = parseArgs({ options: { edits: { type: 'boolean', default: false } } });
const streaming = values.edits ? 'edits' : 'native';
const folder = await mkdtemp(join(tmpdir(), 'vistazo-bench-'));
const fake = await FakeSlack.start();
const size = { widthPx: 800, heightPx: 600, count: 12, format: 'png' } as const;
const pictures = await Promise.all(
  (await drawPictures(folder, size)).map((path) => readFile(path)),
);
const bot = fork(join(import.meta.dirname, 'slack-bot.ts'), [
  fake.apiUrl,
  fake.bot.botToken,
  fake.appToken,
  join(folder, 'bot.sqlite'),
  new URL(fake.origin).host,
  streaming,
]);
try {
  await once(bot, 'message');
  const bench = new Bench(fake, bot, pictures);
  const oneAfterTheOther = await bench.latencies();
  const inBurst = await bench.burst();
  const whileSaturated = await bench.acknowledgements();
  const cores = cpus().length;
  console.log(
    JSON.stringify({ cores, streaming, oneAfterTheOther, burst: inBurst, whileSaturated }),
  );
} finally {
  const exit = once(bot, 'exit');
  bot.disconnect();
  await exit;
  await fake.stop();
  await rm(folder, { recursive: true, force: true });
}
