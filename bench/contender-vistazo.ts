// Measures Vistazo; started by run.ts with a task as its argument, prints its findings as JSON.
import { readFileSync } from 'node:fs';
import { type ChatMessage, createLocalModel } from '@vistazo/core';
import { type Answer, perform, type Task, type Turn, watchStalls } from './measure.ts';

const task: Task = JSON.parse(process.argv[2] ?? '');
const startedAt = performance.now();
const model = await createLocalModel({
  model: task.modelFolder,
  variant: task.dtype,
  intraOpThreads: task.intraOpThreads,
});
const loadMs = performance.now() - startedAt;

function message({ role, text, picture }: Turn): ChatMessage {
  const image =
    picture === undefined ? [] : [{ type: 'image' as const, image: readFileSync(picture) }];
  return { role, content: [...image, { type: 'text', text }] };
}

async function answer(turns: Turn[]): Promise<Answer> {
  const messages = turns.map(message);
  const askedAt = performance.now();
  const stalls = watchStalls();
  let timeToFirstTokenMs = 0;
  const options = { doSample: false, maxNewTokens: task.maxNewTokens };
  for await (const event of model.generate(messages, options)) {
    if (event.type === 'text' && timeToFirstTokenMs === 0) {
      timeToFirstTokenMs = performance.now() - askedAt;
    }
    if (event.type !== 'end') continue;
    const { preprocessMs, encodeMs, tokensPerSecond } = event.timings;
    return {
      text: event.text,
      preprocessMs,
      encodeMs,
      timeToFirstTokenMs,
      answerTokens: event.usage.answerTokens,
      tokensPerSecond,
      stallMs: stalls(),
    };
  }
  throw new Error('The answer had no end');
}

const findings = await perform(task, loadMs, answer);
await model.close();
process.stdout.write(JSON.stringify(findings));
