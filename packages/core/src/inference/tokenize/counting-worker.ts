import { parentPort, workerData } from 'node:worker_threads';
import { toVistazoError } from '../../errors.js';
import type { ImageLayout } from '../family/image-layout.js';
import { openFamily } from '../family/registry.js';
import type { CountingModel, CountingReply, CountingRequest } from './counting-protocol.js';
import { buildPrompt, openPromptModel } from './prompt.js';
import { TokenCounter } from './token-counter.js';
import { Tokenizer } from './tokenizer.js';

/** The thread that counts tokens; what it is started with comes from the main thread. */
const counter = openCounter(workerData);

function openCounter({
  tokenizer: files,
  chatTemplate,
  templateVariables,
  family: familyConfig,
}: CountingModel): TokenCounter<ImageLayout> {
  const tokenizer = Tokenizer.load(files);
  const family = openFamily(familyConfig);
  const model = openPromptModel({ chatTemplate, templateVariables }, family, tokenizer);
  return new TokenCounter({
    tokenizer,
    imageTokenId: family.images?.imageTokenId,
    buildPrompt: (messages, layouts, options) => buildPrompt(messages, layouts, model, options),
  });
}

function answer(request: CountingRequest): CountingReply {
  const { id } = request;
  if (request.type === 'forget') {
    counter.forget(request.cacheScope);
    return { type: 'forgotten', id };
  }
  const scope = { name: request.cacheScope ?? '', isForgotten: request.cacheScope === null };
  try {
    return { type: 'count', id, count: counter.count(request.request, scope) };
  } catch (error) {
    return { type: 'failed', id, error: toVistazoError(error).toJSON() };
  }
}

parentPort?.on('message', (request: CountingRequest) => parentPort?.postMessage(answer(request)));
