import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const exporter = new InMemorySpanExporter();

/** Collects the spans of this process with OpenTelemetry's own SDK, as an operator does. */
export function collectSpans(): InMemorySpanExporter {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  return exporter;
}

/** All that a span says to whoever reads it. */
export function contentsOf({ name, attributes, status, events, links }: ReadableSpan): string {
  return JSON.stringify({ name, attributes, status, events, links });
}
