import type { Context, SpanContext } from '@opentelemetry/api';
import { openTelemetry, rootContext } from './open-telemetry.js';

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A span as it is stored (W3C Trace Context, `traceparent`); null when nobody collects spans. @internal */
export function toTraceparent(span: SpanContext): string | null {
  if (!openTelemetry?.isSpanContextValid(span)) return null;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

/** The inverse: what goes on from a stored span; a trace of its own when there is none. @internal */
export function fromTraceparent(traceparent: string | null): Context {
  const [, traceId, spanId, flags] = pattern.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return rootContext;
  if (openTelemetry === undefined) return rootContext;
  const traceFlags = Number.parseInt(flags, 16);
  const parent = { traceId, spanId, traceFlags, isRemote: true };
  return openTelemetry.trace.setSpanContext(rootContext, parent);
}
