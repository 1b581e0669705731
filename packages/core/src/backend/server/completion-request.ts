import { VistazoError } from '../../errors.js';
import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import type { ToolUse } from '../../generation/tool-use.js';
import type { EncodedPicture } from '../../media/decode.js';
import type { PreparedMessages } from '../picture-sources.js';
import type { CheckedServer, ServerDialect } from './model-server.js';

type CompletionPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } };

/** A message as chat completions take it. */
export type CompletionMessage =
  | { role: 'system' | 'user' | 'assistant'; content: string | CompletionPart[] }
  | {
      role: 'assistant';
      content: string;
      tool_calls: {
        id: string;
        type: 'function';
        function: { name: string; arguments: string };
      }[];
    }
  | { role: 'tool'; tool_call_id: string; content: string };

/** What is asked of a server; the rest depends on the server, see {@link bodyFor}. */
export interface CompletionRequest {
  messages: CompletionMessage[];
  options: ResolvedGenerationOptions;
  tools: ToolUse | undefined;
  /** Only requests with the same find what a server keeps of one; undefined for those without. */
  cacheSalt: string | undefined;
}

/**
 * Messages with their pictures as data URIs.
 * Throws `chat.invalid` where a message that is not a person's has a picture, which servers do not take.
 */
export function toCompletionMessages({
  messages,
  pictures,
}: PreparedMessages<EncodedPicture>): CompletionMessage[] {
  let next = 0;
  return messages.map(({ role, content }, index) => {
    const parts = content.map((part): CompletionPart => {
      if (part.type === 'text') return { type: 'text', text: part.text };
      const { mediaType, bytes } = pictures[next++] as EncodedPicture;
      const base64 = Buffer.from(bytes).toString('base64');
      return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } };
    });
    if (role === 'user') return { role, content: parts };
    if (parts.some(({ type }) => type !== 'text')) {
      throw new VistazoError(
        'chat.invalid',
        `Message ${index + 1} is of the role ${role} and has a picture; on a server only messages of the role user may.`,
      );
    }
    const texts = parts.map((part) => (part.type === 'text' ? part.text : ''));
    return { role, content: texts.join('\n') };
  });
}

/** What was called in this answer before, and what came of it. */
export function toolMessages({ rounds }: ToolUse): CompletionMessage[] {
  return rounds.flatMap(({ text, calls, results }): CompletionMessage[] => [
    {
      role: 'assistant',
      content: text,
      tool_calls: calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: input },
      })),
    },
    ...calls.map(({ id }, index): CompletionMessage => {
      return { role: 'tool', tool_call_id: id, content: results[index] ?? '' };
    }),
  ]);
}

/** The names of samplers that OpenAI's own interface lacks. */
const extraSamplers: Record<ServerDialect, Partial<Record<ExtraSampler, string>>> = {
  openai: {},
  vllm: { topK: 'top_k', minP: 'min_p', repetitionPenalty: 'repetition_penalty' },
  'llama.cpp': { topK: 'top_k', minP: 'min_p', repetitionPenalty: 'repeat_penalty' },
};
type ExtraSampler = 'topK' | 'minP' | 'repetitionPenalty';
/** The values at which a sampler does nothing. */
const withoutEffect: Record<ExtraSampler, number> = { topK: 0, minP: 0, repetitionPenalty: 1 };

/** Whether its prefix cache can be parted: `cache_salt` of vLLM, see its page about automatic prefix caching. */
const takesCacheSalt: Record<ServerDialect, boolean> = {
  openai: false,
  vllm: true,
  'llama.cpp': false,
};

/**
 * The body for one server.
 * Throws `option.unsupported` for an option that this server has no name for.
 */
export function bodyFor(
  { model, dialect }: CheckedServer,
  { messages, options, tools, cacheSalt }: CompletionRequest,
): object {
  return {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: options.maxNewTokens,
    temperature: options.doSample ? options.temperature : 0,
    ...(options.doSample && { top_p: options.topP, seed: options.seed }),
    ...(options.stopStrings.length > 0 && { stop: options.stopStrings }),
    ...extraSampling(dialect, options),
    ...(takesCacheSalt[dialect] && cacheSalt !== undefined && { cache_salt: cacheSalt }),
    ...(tools !== undefined && {
      tools: tools.offered.map(({ name, description, inputSchema }) => ({
        type: 'function',
        function: { name, description, parameters: inputSchema },
      })),
      tool_choice: tools.mayCall ? 'auto' : 'none',
    }),
    ...(options.jsonSchema !== undefined && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: options.jsonSchema },
      },
    }),
  };
}

function extraSampling(
  dialect: ServerDialect,
  options: ResolvedGenerationOptions,
): Record<string, number> {
  const asked = (Object.keys(withoutEffect) as ExtraSampler[]).filter(
    (option) => options[option] !== withoutEffect[option],
  );
  return Object.fromEntries(
    asked.map((option) => {
      const name = extraSamplers[dialect][option];
      if (name !== undefined) return [name, options[option]];
      throw new VistazoError(
        'option.unsupported',
        `A server of the dialect ${dialect} does not know the option ${option}; leave it out, or name the dialect that the server speaks (vllm, llama.cpp).`,
      );
    }),
  );
}
