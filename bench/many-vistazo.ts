// Measures Vistazo; started by many.ts with a task as its argument, prints its findings as JSON.
import { createLocalModel } from '@vistazo/core';
import { type ManyTask, textOf } from './many-task.ts';

const task: ManyTask = JSON.parse(process.argv[2] ?? '');
const model = await createLocalModel({
  model: task.modelFolder,
  variant: 'q4',
  intraOpThreads: task.threads,
});
let asked = 0;

/** One answer: when its first token and its last came, and its prompt. */
async function answer(words: number, maxNewTokens: number) {
  const content = textOf(++asked, words);
  const startedAt = performance.now();
  let firstAt = 0;
  let promptTokens = 0;
  let tokens = 0;
  // A list of its own is never over, so that answers are as long as they may be.
  const stream = model.generate([{ role: 'user', content }], { maxNewTokens, doSample: false });
  for await (const event of stream) {
    if (event.type === 'prompt') promptTokens = event.promptTokens;
    if (event.type === 'text' && firstAt === 0) firstAt = performance.now();
    if (event.type === 'end') tokens = event.usage.answerTokens;
  }
  return { startedAt, firstAt, endedAt: performance.now(), promptTokens, tokens };
}

await answer(20, 4);
const tokensPerSecond: number[] = [];
let promptTokensPerSecond = 0;
for (const { conversations, words } of task.cases) {
  const answers = await Promise.all(
    Array.from({ length: conversations }, () => answer(words, task.answerTokens)),
  );
  const tokens = answers.reduce((sum, each) => sum + each.tokens, 0);
  const beganAt = Math.min(...answers.map(({ startedAt }) => startedAt));
  const endedAt = Math.max(...answers.map(({ endedAt: each }) => each));
  // Prompts are read while others write; their time alone is taken off.
  const [alone] = [await answer(words, 1)];
  const promptMs = alone.endedAt - alone.startedAt;
  tokensPerSecond.push((tokens * 1000) / (endedAt - beganAt - promptMs * conversations));
  promptTokensPerSecond = (alone.promptTokens * 1000) / promptMs;
}
await model.close();
process.stdout.write(JSON.stringify({ tokensPerSecond, promptTokensPerSecond }));
