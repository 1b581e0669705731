// npm run bench:discord: a bot with the embedded model and the real client of discord.js, in a process of its
// own. How soon it shows that it works and says its first words to a question with a picture, and what a burst
// of questions in many channels costs. Prints JSON.
// Discord is a stand-in: discord-digital-twin on loopback, with our own front before it, which serves the
// pictures and keeps rates like Discord's in the burst. There is no way through the Internet in these times.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { RateLimits } from '../test/discord/rate-limits.ts';
import { Twin } from '../test/discord/twin-fixture.ts';
import type { FrontCall } from '../test/discord/twin-front.ts';
import { drawPictures } from './pictures.ts';

const oneByOne = { warmUps: 2, questions: 20 };
const burst = { questions: 50, channels: 10 };
const question = 'What is in this picture?';
const longestAnswerMs = 60_000;
const longestBurstMs = 480_000;

const delaySchema = z.object({ eventLoopP99Ms: z.number(), eventLoopMaxMs: z.number() });

class Bench {
  readonly #twin: Twin;
  readonly #bot: ChildProcess;
  readonly #pictures: readonly Uint8Array[];
  /** Questions whose answers are whole: those have the buttons for what people think of them. */
  readonly #answered = new Set<string>();
  #asked = 0;

  constructor(twin: Twin, bot: ChildProcess, pictures: readonly Uint8Array[]) {
    this.#twin = twin;
    this.#bot = bot;
    this.#pictures = pictures;
    twin.front.intercept(({ body: { components } }) => {
      const [, id] = /"vistazo up (\d+) /.exec(JSON.stringify(components ?? null)) ?? [];
      if (id !== undefined) this.#answered.add(id);
      return undefined;
    });
  }

  async latencies() {
    const typingMs: number[] = [];
    const firstTextMs: number[] = [];
    for (let index = 0; index < oneByOne.warmUps + oneByOne.questions; index++) {
      const seenMs = { typing: Number.NaN, text: Number.NaN };
      const startMs = performance.now();
      const end = this.#twin.front.intercept((call) => {
        const nowMs = performance.now() - startMs;
        if (isTyping(call)) seenMs.typing = Math.min(seenMs.typing || Infinity, nowMs);
        if (isText(call)) seenMs.text = Math.min(seenMs.text || Infinity, nowMs);
        return undefined;
      });
      const id = await this.#ask(this.#twin.channelId);
      await this.#untilAnswered([id], longestAnswerMs);
      end();
      if (index < oneByOne.warmUps) continue;
      typingMs.push(seenMs.typing);
      firstTextMs.push(seenMs.text);
    }
    return {
      questions: oneByOne.questions,
      typing: spread(typingMs),
      firstText: spread(firstTextMs),
      ...(await this.#eventLoop()),
    };
  }

  async burst() {
    const { front, channelIds } = this.#twin;
    await this.#eventLoop();
    const rates = new RateLimits();
    front.rates = rates;
    const began = front.calls.length;
    const startMs = performance.now();
    const asked = await Promise.all(
      Array.from({ length: burst.questions }, (_, index) =>
        this.#ask(channelIds[index % burst.channels] ?? ''),
      ),
    );
    await this.#untilAnswered(asked, longestBurstMs);
    const calls = front.calls.slice(began);
    const answers = await Promise.all(channelIds.map((id) => this.#twin.posts(id)));
    return {
      ...burst,
      answered: asked.filter((id) => this.#isAnsweredOnce(answers.flat(), id)).length,
      seconds: Math.round((performance.now() - startMs) / 100) / 10,
      posts: calls.filter(({ method, path }) => method === 'POST' && path.endsWith('/messages'))
        .length,
      edits: calls.filter(({ method }) => method === 'PATCH').length,
      received429: rates.refused,
      ...(await this.#eventLoop()),
    };
  }

  #ask(channelId: string): Promise<string> {
    const { ana, ben } = this.#twin;
    const by = this.#asked % 2 === 0 ? ana : ben;
    const picture = this.#pictures[this.#asked++ % this.#pictures.length] ?? new Uint8Array();
    return this.#twin.ask(question, { by, channelId, pictures: [picture] });
  }

  #isAnsweredOnce(posts: Awaited<ReturnType<Twin['posts']>>, id: string): boolean {
    const replies = posts.filter(({ message_reference }) => message_reference?.message_id === id);
    return replies.length === 1 && this.#answered.has(id);
  }

  async #untilAnswered(ids: readonly string[], longestMs: number): Promise<void> {
    const endMs = performance.now() + longestMs;
    while (ids.some((id) => !this.#answered.has(id)) && performance.now() < endMs) await wait(20);
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

function isTyping({ path }: FrontCall): boolean {
  return path.endsWith('/typing');
}

function isText({ method, path, body }: FrontCall): boolean {
  return method === 'POST' && path.endsWith('/messages') && typeof body.content === 'string';
}

function spread(valuesMs: readonly number[]) {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN,
    );
  return { medianMs: at(0.5), p95Ms: at(0.95) };
}

const folder = await mkdtemp(join(tmpdir(), 'vistazo-bench-'));
const twin = await Twin.start({ channels: burst.channels });
const size = { widthPx: 800, heightPx: 600, count: 12, format: 'png' } as const;
const pictures = await Promise.all(
  (await drawPictures(folder, size)).map((path) => readFile(path)),
);
const { origin } = twin.front;
const args = [
  `${origin}/api`,
  twin.digital.botToken,
  join(folder, 'bot.sqlite'),
  new URL(origin).host,
];
const bot = fork(join(import.meta.dirname, 'discord-bot.ts'), args);
try {
  await once(bot, 'message');
  const bench = new Bench(twin, bot, pictures);
  const oneAfterTheOther = await bench.latencies();
  const cores = cpus().length;
  console.log(JSON.stringify({ cores, oneAfterTheOther, burst: await bench.burst() }));
} finally {
  const exit = once(bot, 'exit');
  bot.disconnect();
  await exit;
  await twin.stop();
  await rm(folder, { recursive: true, force: true });
}
