import {
  type ChatMessage,
  createServerModel,
  type GenerationEvent,
  type ServerModelOptions,
  type VisionLanguageModel,
} from '@vistazo/core';
import type { CompletionServer } from './completion-server.ts';

type Options = NonNullable<Parameters<VisionLanguageModel['generate']>[1]>;

/** How a stream is sent, and what its model is asked with. */
export type AnswerSettings = Options & {
  contentType?: string;
  model?: Partial<ServerModelOptions>;
};

/** The question to which answers are streamed. */
export const question: ChatMessage[] = [{ role: 'user', content: 'Which colour?' }];

/** The body of a stream; texts stand in it as they are. */
export const events = (...given: unknown[]) =>
  given
    .map((each) => (typeof each === 'string' ? each : `data: ${JSON.stringify(each)}\n\n`))
    .join('');

/** A piece of the answer. */
export const text = (content: unknown, more: object = {}) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
});

export const end = (finish_reason: unknown = 'stop') => ({
  choices: [{ delta: {}, finish_reason }],
});

export const done = 'data: [DONE]\n\n';

/** The answer to one request that is answered with `body`. */
export async function streamedAnswer(
  server: CompletionServer,
  body: string,
  { contentType = 'text/event-stream', model: settings = {}, ...options }: AnswerSettings = {},
): Promise<{ events: GenerationEvent[]; end: Extract<GenerationEvent, { type: 'end' }> }> {
  await server.script({ status: 200, headers: { 'content-type': contentType }, body });
  const model = createServerModel({
    servers: [{ baseUrl: server.url, model: 'seeing' }],
    maxRetries: 0,
    ...settings,
  });
  try {
    const seen = await Array.fromAsync(model.generate(question, options));
    const last = seen.at(-1);
    if (last?.type !== 'end') throw new Error('The answer had no end');
    return { events: seen, end: last };
  } finally {
    await model.close();
  }
}
