import { createRequire } from 'node:module';
import type { Context, Span, SpanContext } from '@opentelemetry/api';

type OpenTelemetry = typeof import('@opentelemetry/api');

/** OpenTelemetry's API; undefined where this optional peer is not installed, so that nobody collects spans. @internal */
export const openTelemetry: OpenTelemetry | undefined = load();

function load(): OpenTelemetry | undefined {
  const require = createRequire(import.meta.url);
  try {
    return require('@opentelemetry/api');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return;
    throw error;
  }
}

const emptyContext: Context = {
  getValue: () => undefined,
  setValue: () => emptyContext,
  deleteValue: () => emptyContext,
};

/** The context without a span. @internal */
export const rootContext: Context = openTelemetry?.ROOT_CONTEXT ?? emptyContext;

/** The context of the code that runs now. @internal */
export function activeContext(): Context {
  return openTelemetry?.context.active() ?? rootContext;
}

/** Of no trace: all zeros are invalid in W3C Trace Context. */
const noSpanContext: SpanContext = {
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  traceFlags: 0,
};

/** A span that nobody collects. @internal */
export const noSpan: Span = {
  spanContext: () => noSpanContext,
  setAttribute: () => noSpan,
  setAttributes: () => noSpan,
  addEvent: () => noSpan,
  addLink: () => noSpan,
  addLinks: () => noSpan,
  setStatus: () => noSpan,
  updateName: () => noSpan,
  end: () => undefined,
  isRecording: () => false,
  recordException: () => undefined,
};
