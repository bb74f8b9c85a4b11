import { type BodySource, byteReader, watched } from './body-source.ts';
import { governAnswer } from './governed-answer.ts';
import { governStream } from './governed-stream.ts';
import { lazyResponse } from './lazy-response.ts';
import { type OpenCall, recordText } from './open-call.ts';

/**
 * The answer to a call, governed as it is read. Never throws, for what a `fetch` throws is retried: a block is an error of the body, which the
 * client passes on as it is.
 */
export function tapResponse(
  response: Response,
  call: OpenCall,
  { signal, idleMs }: { signal?: AbortSignal | null | undefined; idleMs?: number | undefined } = {},
): Response {
  const { body } = response;
  // What the provider says about a request that failed is no answer of a model; nor is what it says about things it keeps.
  if (!response.ok || call.adapter.said === undefined) return response;
  const type = (response.headers.get('content-type') ?? '').toLowerCase();
  if (body === null || !isReadable(type)) {
    recordText(call, '', body === null ? {} : { media: [type.split(';')[0] ?? ''] });
    return response;
  }
  const upstream = byteReader(body as ReadableStream<Uint8Array>);
  const source: BodySource = type.includes('text/event-stream') ? governStream(upstream, call) : governAnswer(upstream, call);
  return lazyResponse(response, watched(source, { signal: signal ?? undefined, idleMs }));
}

/** Images, audio and files go through; there is nothing to be read in them. An answer that does not say what it is may be text. */
const isReadable = (type: string): boolean => type === '' || /json|text\/|xml|event-stream|ndjson/.test(type);
