import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { codeOf } from './fault.js';

/** What a span is made with. @internal */
export interface SpanOptions {
  /** What it is a part of. */
  parent: Context;
  attributes?: Attributes;
  /** Default internal. */
  kind?: SpanKind;
}

/**
 * Does a piece of work under a span. What it throws marks the span as failed by its code alone, since
 * an error's message may quote people. @internal
 */
export async function withSpan<Result>(
  name: string,
  { parent, attributes = {}, kind = SpanKind.INTERNAL }: SpanOptions,
  work: (span: Span, inside: Context) => Promise<Result>,
): Promise<Result> {
  const span = trace.getTracer('vistazo').startSpan(name, { attributes, kind }, parent);
  const inside = trace.setSpan(parent, span);
  try {
    return await context.with(inside, () => work(span, inside));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** What ends work that goes on elsewhere, or later, is no fault. */
const faultless: readonly string[] = ['job.lost', 'generation.aborted'];

/** @internal */
export function failSpan(span: Span, error: unknown): void {
  const code = codeOf(error);
  if (faultless.includes(code)) return;
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}
