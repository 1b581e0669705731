// Measures transformers.js; started by many.ts with a task as its argument, prints its findings as JSON.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers';
import { textOf } from './many-task.ts';

const task = JSON.parse(process.argv[2] ?? '');
env.allowRemoteModels = false;
env.localModelPath = `${dirname(task.modelFolder)}/`;
const id = basename(task.modelFolder);
const tokenizer = await AutoTokenizer.from_pretrained(id);
const model = await AutoModelForCausalLM.from_pretrained(id, {
  dtype: 'q4',
  device: 'cpu',
  session_options: { intraOpNumThreads: task.threads },
});
const template = readFileSync(join(task.modelFolder, 'chat_template.jinja'), 'utf8');
let asked = 0;

async function answer(words, tokens) {
  const content = textOf(++asked, words);
  const inputs = tokenizer.apply_chat_template([{ role: 'user', content }], {
    add_generation_prompt: true,
    return_dict: true,
    chat_template: template,
  });
  const startedAt = performance.now();
  const output = await model.generate({ ...inputs, do_sample: false, max_new_tokens: tokens });
  const promptTokens = inputs.input_ids.dims[1];
  return { ms: performance.now() - startedAt, promptTokens, tokens: output.dims[1] - promptTokens };
}

await answer(20, 4);
const tokensPerSecond = [];
let promptTokensPerSecond = 0;
for (const { conversations, words } of task.cases) {
  let tokens = 0;
  let ms = 0;
  // It answers one after the other.
  for (let i = 0; i < conversations; i += 1) {
    const each = await answer(words, task.answerTokens);
    tokens += each.tokens;
    ms += each.ms;
  }
  const alone = await answer(words, 1);
  tokensPerSecond.push((tokens * 1000) / (ms - alone.ms * conversations));
  promptTokensPerSecond = (alone.promptTokens * 1000) / alone.ms;
}
process.stdout.write(JSON.stringify({ tokensPerSecond, promptTokensPerSecond }));
