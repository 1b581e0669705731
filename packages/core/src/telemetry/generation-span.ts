import type { Attributes } from '@opentelemetry/api';

/** What is asked of a model. @internal */
export interface GenerationRequest {
  /** Hub id or folder name. */
  model: string;
  maxNewTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
}

/** How it ended. @internal */
export interface GenerationOutcome {
  status: 'done' | 'stopped' | 'failed';
  /** Only when it failed. */
  error?: unknown;
  /** Only when the model came to an end. */
  end?: {
    finishReason: string;
    usage: { promptTokens: number; answerTokens: number };
    timings: { queueMs: number; totalMs: number };
  };
}

/**
 * Attributes by the semantic conventions for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). @internal
 */
export function requestAttributes(request: GenerationRequest): Attributes {
  const { model, maxNewTokens, temperature, topP } = request;
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'vistazo',
    'gen_ai.request.model': model,
    ...(maxNewTokens !== undefined && { 'gen_ai.request.max_tokens': maxNewTokens }),
    ...(temperature !== undefined && { 'gen_ai.request.temperature': temperature }),
    ...(topP !== undefined && { 'gen_ai.request.top_p': topP }),
  };
}

/** See {@link requestAttributes}. @internal */
export function outcomeAttributes({ end }: GenerationOutcome): Attributes {
  if (end === undefined) return {};
  return {
    'gen_ai.response.finish_reasons': [end.finishReason],
    'gen_ai.usage.input_tokens': end.usage.promptTokens,
    'gen_ai.usage.output_tokens': end.usage.answerTokens,
  };
}
