// Measures llama.cpp by node-llama-cpp; started by many.ts with a task as its argument, prints its findings as JSON.
import { getLlama } from 'node-llama-cpp';
import { textOf } from './many-task.ts';

const task = JSON.parse(process.argv[2] ?? '');
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: task.threads });
const model = await llama.loadModel({ modelPath: task.gguf });
let asked = 0;

async function answers(conversations, words, tokens) {
  const context = await model.createContext({
    sequences: conversations,
    contextSize: 1200,
    threads: task.threads,
  });
  const prompts = Array.from({ length: conversations }, () =>
    model.tokenize(
      `<|im_start|>user\n${textOf(++asked, words)}<|im_end|>\n<|im_start|>assistant\n`,
      true,
    ),
  );
  const startedAt = performance.now();
  const counts = await Promise.all(
    prompts.map(async (prompt) => {
      const sequence = context.getSequence();
      let count = 0;
      for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
        count += 1;
        if (count === tokens) break;
      }
      sequence.dispose();
      return count;
    }),
  );
  const ms = performance.now() - startedAt;
  await context.dispose();
  return {
    ms,
    tokens: counts.reduce((sum, each) => sum + each, 0),
    promptTokens: prompts[0]?.length ?? 0,
  };
}

await answers(1, 20, 4);
const tokensPerSecond = [];
let promptTokensPerSecond = 0;
for (const { conversations, words } of task.cases) {
  const { ms, tokens } = await answers(conversations, words, task.answerTokens);
  const alone = await answers(1, words, 1);
  tokensPerSecond.push((tokens * 1000) / (ms - alone.ms * conversations));
  promptTokensPerSecond = (alone.promptTokens * 1000) / alone.ms;
}
process.stdout.write(JSON.stringify({ tokensPerSecond, promptTokensPerSecond }));
await llama.dispose();
process.exit(0);
