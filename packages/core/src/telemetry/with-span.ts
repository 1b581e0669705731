import type { Attributes, Context, Span } from '@opentelemetry/api';
import { codeOf } from './fault.js';
import { noSpan, openTelemetry } from './open-telemetry.js';

/** What a span is made with. @internal */
export interface SpanOptions {
  /** What it is a part of. */
  parent: Context;
  attributes?: Attributes;
  /** Default `INTERNAL`. */
  kind?: 'INTERNAL' | 'CLIENT' | 'CONSUMER';
}

/**
 * Does a piece of work under a span. What it throws marks the span as failed by its code alone, since
 * an error's message may quote people. @internal
 */
export async function withSpan<Result>(
  name: string,
  { parent, attributes = {}, kind = 'INTERNAL' }: SpanOptions,
  work: (span: Span, inside: Context) => Promise<Result>,
): Promise<Result> {
  if (openTelemetry === undefined) return work(noSpan, parent);
  const { context, SpanKind, trace } = openTelemetry;
  const options = { attributes, kind: SpanKind[kind] };
  const span = trace.getTracer('vistazo').startSpan(name, options, parent);
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
  if (openTelemetry !== undefined)
    span.setStatus({ code: openTelemetry.SpanStatusCode.ERROR, message: code });
}
