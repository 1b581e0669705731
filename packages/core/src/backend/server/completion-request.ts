import { VistazoError } from '../../errors.js';
import type { GenerationOptions } from '../../generation/generation-options.js';
import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import type { ToolUse } from '../../generation/tool-use.js';
import { neutralise, neutraliseTexts } from '../../inference/tokenize/neutralise.js';
import type { EncodedPicture } from '../../media/decode.js';
import type { PreparedMessages } from '../picture-sources.js';
import type { CheckedServer, ServerDialect } from './model-server.js';
import type { Adjustment } from './request-form.js';

type CompletionPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } };

interface PlainMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | CompletionPart[];
}

/** A message as chat completions take it. */
export type CompletionMessage =
  | PlainMessage
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
  /** Those options that were given; others may be left out where a server refuses them. */
  given: GenerationOptions;
  tools: ToolUse | undefined;
  /** Only requests with the same find what a server keeps of one; undefined for those without. */
  cacheSalt: string | undefined;
}

/**
 * Messages with their pictures as data URIs. Servers parse special tokens in what they are sent, so those in
 * texts are neutralised, `specialTokens` besides the usual ones.
 * Throws `chat.invalid` where a message that is not a person's has a picture, which servers do not take.
 */
export function toCompletionMessages(
  { messages, pictures }: PreparedMessages<EncodedPicture>,
  specialTokens: readonly string[],
): CompletionMessage[] {
  let next = 0;
  return messages.map(({ role, content }, index) => {
    const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
    const safe = neutraliseTexts(texts, specialTokens);
    if (texts.length === content.length) return { role, content: safe.join('\n') };
    if (role !== 'user') {
      throw new VistazoError(
        'chat.invalid',
        `Message ${index + 1} is of the role ${role} and has a picture; on a server only messages of the role user may.`,
      );
    }
    const safeTexts = safe.values();
    const parts = content.map((part): CompletionPart => {
      if (part.type === 'text') return { type: 'text', text: safeTexts.next().value ?? '' };
      const { mediaType, bytes } = pictures[next++] as EncodedPicture;
      const base64 = Buffer.from(bytes).toString('base64');
      return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } };
    });
    return { role, content: parts };
  });
}

/** What was called in this answer before, and what came of it; texts are neutralised. */
export function toolMessages(
  { rounds }: ToolUse,
  specialTokens: readonly string[],
): CompletionMessage[] {
  const safe = (text: string) => neutralise(text, specialTokens);
  return rounds.flatMap(({ text, calls, results }): CompletionMessage[] => [
    {
      role: 'assistant',
      content: safe(text),
      tool_calls: calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: safe(input) },
      })),
    },
    ...calls.map(({ id }, index): CompletionMessage => {
      return { role: 'tool', tool_call_id: id, content: safe(results[index] ?? '') };
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

/** A request without adjustments. */
const usualForm: ReadonlySet<Adjustment> = new Set();

/**
 * The body for one server, in the form that it takes.
 * Throws `option.unsupported` for an option that this server has no name for.
 */
export function bodyFor(
  { model, dialect }: CheckedServer,
  { messages, options, given, tools, cacheSalt }: CompletionRequest,
  form: ReadonlySet<Adjustment> = usualForm,
): Record<string, unknown> {
  const temperature = options.doSample ? options.temperature : 0;
  const lengthName = form.has('maxCompletionTokens') ? 'max_completion_tokens' : 'max_tokens';
  return {
    model,
    messages: inForm(messages, form),
    stream: !form.has('unstreamed'),
    ...(!form.has('noUsage') &&
      !form.has('unstreamed') && { stream_options: { include_usage: true } }),
    [lengthName]: options.maxNewTokens,
    ...((given.temperature !== undefined || !form.has('usualTemperature')) && { temperature }),
    ...(options.doSample && options.topP !== 1 && { top_p: options.topP }),
    ...(options.doSample && given.seed !== undefined && { seed: options.seed }),
    ...(options.stopStrings.length > 0 && !form.has('ownStops') && { stop: options.stopStrings }),
    ...extraSampling(dialect, options),
    ...(takesCacheSalt[dialect] && cacheSalt !== undefined && { cache_salt: cacheSalt }),
    ...(tools !== undefined && {
      tools: tools.offered.map(({ name, description, inputSchema }) => ({
        type: 'function',
        function: { name, description: neutralise(description), parameters: inputSchema },
      })),
      tool_choice: tools.mayCall ? 'auto' : 'none',
    }),
    ...(options.jsonSchema !== undefined && {
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'answer',
          strict: !form.has('looseSchema'),
          schema: options.jsonSchema,
        },
      },
    }),
  };
}

/** Whether an adjustment would change what is asked, and takes away nothing that was asked for. */
export function isPossible(
  { messages, options, given }: CompletionRequest,
  form: ReadonlySet<Adjustment>,
  adjustment: Adjustment,
): boolean {
  if (form.has(adjustment)) return false;
  if (adjustment === 'usualTemperature') return given.temperature === undefined;
  if (adjustment === 'ownStops') return options.stopStrings.length > 0;
  if (adjustment === 'looseSchema') return options.jsonSchema !== undefined;
  if (adjustment === 'systemAsUser') return messages.some(({ role }) => role === 'system');
  if (adjustment === 'mergedTurns') return merged(messages).length < messages.length;
  return true;
}

function inForm(
  messages: readonly CompletionMessage[],
  form: ReadonlySet<Adjustment>,
): readonly CompletionMessage[] {
  const spoken = form.has('systemAsUser') ? withoutSystem(messages) : messages;
  return form.has('mergedTurns') || form.has('systemAsUser') ? merged(spoken) : spoken;
}

function withoutSystem(messages: readonly CompletionMessage[]): CompletionMessage[] {
  return messages.map((message) =>
    message.role === 'system' ? { role: 'user', content: message.content } : message,
  );
}

/** One message for those that follow each other with the same role, besides those of tools. */
function merged(messages: readonly CompletionMessage[]): CompletionMessage[] {
  const whole: CompletionMessage[] = [];
  for (const message of messages) {
    const last = whole.at(-1);
    if (last !== undefined && isPlain(last) && isPlain(message) && last.role === message.role)
      whole[whole.length - 1] = {
        role: last.role,
        content: together(last.content, message.content),
      };
    else whole.push(message);
  }
  return whole;
}

function isPlain(message: CompletionMessage): message is PlainMessage {
  return message.role !== 'tool' && !('tool_calls' in message);
}

function together(
  first: PlainMessage['content'],
  second: PlainMessage['content'],
): PlainMessage['content'] {
  if (typeof first === 'string' && typeof second === 'string') return `${first}\n\n${second}`;
  return [first, second].flatMap((each) =>
    typeof each === 'string' ? [{ type: 'text' as const, text: each }] : each,
  );
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
