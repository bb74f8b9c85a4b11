import type { Load, Wrapped } from './wrapped.ts';

interface LangSmith {
  Client: new (options: object) => { flush: () => Promise<void>; awaitPendingTraceBatches: () => Promise<void> };
}

/** langsmith/wrappers as its documentation has it; what it would send is kept instead. */
export function wrapLangSmith(client: object, load: Load): Wrapped {
  const { Client } = load('langsmith') as LangSmith;
  const { wrapOpenAI } = load('langsmith/wrappers') as { wrapOpenAI: (client: object, options: object) => object };
  const sent: string[] = [];
  const keep: typeof fetch = async (_url, init) => {
    sent.push(await new Response(init?.body ?? '').text());
    return Response.json({});
  };
  const tracer = new Client({ apiUrl: 'http://traces.example.com', apiKey: 'lsv2_test', fetchImplementation: keep, autoBatchTracing: false });
  return {
    client: wrapOpenAI(client, { client: tracer, tracingEnabled: true }),
    async seen() {
      await tracer.awaitPendingTraceBatches();
      return sent.join('\n');
    },
  };
}
