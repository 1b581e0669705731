// Measures transformers.js; started by run.ts with a task as its argument, prints its findings as JSON.
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import {
  AutoProcessor,
  BaseStreamer,
  env,
  Idefics3ForConditionalGeneration,
  RawImage,
} from '@huggingface/transformers';
import { perform, pixelValuesFile, watchStalls } from './measure.ts';

const task = JSON.parse(process.argv[2] ?? '');
env.allowRemoteModels = false;
env.localModelPath = `${dirname(task.modelFolder)}/`;
const id = basename(task.modelFolder);
const startedAt = performance.now();
const processor = await AutoProcessor.from_pretrained(id);
const model = await Idefics3ForConditionalGeneration.from_pretrained(id, {
  dtype: task.dtype,
  device: 'cpu',
  session_options: { intraOpNumThreads: task.intraOpThreads },
});
const loadMs = performance.now() - startedAt;
const endTokens = new Set([model.generation_config.eos_token_id].flat());

let encodeMs = 0;
const encode = model.encode_image.bind(model);
model.encode_image = async (inputs) => {
  const begin = performance.now();
  const features = await encode(inputs);
  encodeMs += performance.now() - begin;
  return features;
};

/** Notes when tokens come; the first call brings the prompt. */
class Clock extends BaseStreamer {
  times = [];
  calls = 0;
  put() {
    if (this.calls++ > 0) this.times.push(performance.now());
  }
  end() {}
}

async function answer(turns, pixelValues) {
  const bytes = turns.flatMap(({ picture }) =>
    picture === undefined ? [] : [readFileSync(picture)],
  );
  const messages = turns.map(({ role, text, picture }) => ({
    role,
    content: [...(picture === undefined ? [] : [{ type: 'image' }]), { type: 'text', text }],
  }));
  const askedAt = performance.now();
  const stalls = watchStalls();
  const images = await Promise.all(bytes.map((each) => RawImage.fromBlob(new Blob([each]))));
  const prompt = processor.apply_chat_template(messages, { add_generation_prompt: true });
  const inputs = await processor(prompt, images, {});
  if (pixelValues !== undefined) inputs.pixel_values.data.set(pixelValues);
  const preprocessMs = performance.now() - askedAt;
  encodeMs = 0;
  const clock = new Clock();
  const output = await model.generate({
    ...inputs,
    do_sample: false,
    max_new_tokens: task.maxNewTokens,
    streamer: clock,
  });
  const stallMs = stalls();
  const fresh = output.slice(null, [inputs.input_ids.dims.at(-1), null]);
  const [text] = processor.batch_decode(fresh, { skip_special_tokens: true });
  const [first, last] = [clock.times[0], clock.times.at(-1)];
  return {
    text: text.trimStart(),
    preprocessMs,
    encodeMs,
    timeToFirstTokenMs: first - askedAt,
    // The token that ends an answer is no part of it.
    answerTokens: clock.times.length - (endTokens.has(Number(fresh.data.at(-1))) ? 1 : 0),
    tokensPerSecond: last > first ? ((clock.times.length - 1) * 1000) / (last - first) : 0,
    stallMs,
  };
}

/** The answers once more, not measured, on the pixels of Vistazo. */
async function textsOfSamePixels() {
  const texts = {};
  for (const [scenario, files] of Object.entries(task.pictures)) {
    texts[scenario] = [];
    for (const picture of files.slice(task.warmUps, task.warmUps + task.repetitions)) {
      const { buffer, byteOffset, length } = readFileSync(pixelValuesFile(picture));
      const pixelValues = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
      const turn = { role: 'user', text: task.question, picture };
      texts[scenario].push((await answer([turn], pixelValues)).text);
    }
  }
  return texts;
}

const findings = await perform(task, loadMs, (turns) => answer(turns));
if (task.checksPixels) findings.textsOfSamePixels = await textsOfSamePixels();
process.stdout.write(JSON.stringify(findings));
