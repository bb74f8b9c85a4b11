import type * as Sdk from '@opentelemetry/sdk-trace-base';
import type { Load, Wrapped } from './wrapped.ts';

/** @langfuse/openai as its documentation has it, with spans that are kept in memory instead of sent. */
export function wrapLangfuse(client: object, load: Load): Wrapped {
  const { observeOpenAI } = load('@langfuse/openai') as { observeOpenAI: (client: object) => object };
  const { setLangfuseTracerProvider } = load('@langfuse/tracing') as { setLangfuseTracerProvider: (provider: object) => void };
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = load('@opentelemetry/sdk-trace-base') as typeof Sdk;
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  setLangfuseTracerProvider(provider);
  return {
    client: observeOpenAI(client),
    async seen() {
      await provider.forceFlush();
      return JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes));
    },
    close: () => provider.shutdown(),
  };
}
