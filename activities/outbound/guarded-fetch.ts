import { buildConnector, Client, type Dispatcher } from 'undici';
import { type AddressGuardOptions, createAddressGuard, pinnedLookup } from './address-guard.ts';
import { bareHost } from './allowed-targets.ts';
import { OutboundFailed, outboundFailure, OutboundRefused } from './outbound-error.ts';

export interface GuardedFetchOptions extends AddressGuardOptions {
  /** For the whole request, from the look-up of the name to the last byte. */
  timeoutMs?: number;
  maxResponseBytes?: number;
  /** Other ports, and plain http, are for allowed targets. */
  ports?: readonly number[];
}

export interface GuardedRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface GuardedResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** At most `maxResponseBytes` of it, as it came: nothing is decompressed. */
  bytes: Uint8Array;
  /** The same as text. */
  body: string;
}

export interface GuardedFetch {
  fetch: (url: string, request?: GuardedRequest) => Promise<GuardedResponse>;
  /** Whether a request would be made at all, asked without making it. Throws as `fetch` does. */
  check: (url: string, options?: Pick<GuardedRequest, 'timeoutMs'>) => Promise<void>;
  /** Ends what is under way. */
  close: () => void;
}

/**
 * Requests to URLs that a customer chose. They reach public hosts and what an operator allows, and nothing else: every address of the host
 * is tested, the connection goes to a tested address, and a redirect is an answer like any other.
 * Throws `OutboundRefused` and `OutboundFailed`; the caller's own signal rejects with its reason.
 */
export function createGuardedFetch({
  allowPrivate,
  lookup,
  timeoutMs: defaultTimeoutMs = 15_000,
  maxResponseBytes = 65_536,
  ports = [443, 8443],
}: GuardedFetchOptions = {}): GuardedFetch {
  const guard = createAddressGuard({ ...(allowPrivate && { allowPrivate }), ...(lookup && { lookup }) });
  const underWay = new Set<AbortController>();
  let closed = false;

  const addressesOf = async (url: URL, host: string): Promise<readonly string[]> => {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const refuseUnusual = (): void => {
      if (url.protocol !== 'https:') throw new OutboundRefused('scheme-refused', host);
      if (!ports.includes(port)) throw new OutboundRefused('port-refused', host);
    };
    if (!guard.mayAllow(host, port)) refuseUnusual();
    const { addresses, allowed } = await guard.resolve(host, port);
    if (!allowed) refuseUnusual();
    return addresses;
  };

  return {
    async fetch(text, { method = 'GET', headers = {}, body, timeoutMs = defaultTimeoutMs, signal } = {}) {
      const url = readUrl(text);
      const host = bareHost(url);
      if (closed) throw new OutboundFailed('network', host);
      const ending = new AbortController();
      const timer = setTimeout(() => ending.abort(new OutboundFailed('timeout', host)), timeoutMs);
      const onAbort = (): void => ending.abort(signal?.reason);
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      underWay.add(ending);
      let client: Client | undefined;
      try {
        const addresses = await unlessAborted(ending.signal, addressesOf(url, host));
        // A client for one request: its connection is tested now, and no idle one is left that the other side closes under the next request.
        client = new Client(url.origin, {
          connect: buildConnector({ lookup: pinnedLookup(addresses), timeout: timeoutMs, maxCachedSessions: 0, rejectUnauthorized: true }),
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        const response = await client.request({
          method,
          path: url.pathname + url.search,
          headers,
          body: body ?? null,
          signal: ending.signal,
        });
        return { status: response.statusCode, headers: response.headers, ...(await readUpTo(response.body, maxResponseBytes)) };
      } catch (error) {
        if (ending.signal.aborted) throw ending.signal.reason;
        if (error instanceof OutboundRefused || error instanceof OutboundFailed) throw error;
        if ((error as { code?: unknown } | null)?.code === 'UND_ERR_INVALID_ARG') throw new OutboundRefused('bad-request', host);
        throw outboundFailure(error, host);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        underWay.delete(ending);
        void client?.destroy();
      }
    },
    async check(text, { timeoutMs = defaultTimeoutMs } = {}) {
      const url = readUrl(text);
      const host = bareHost(url);
      const ending = new AbortController();
      const timer = setTimeout(() => ending.abort(new OutboundFailed('timeout', host)), timeoutMs);
      try {
        await unlessAborted(ending.signal, addressesOf(url, host));
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      closed = true;
      for (const ending of underWay) ending.abort(new OutboundFailed('network', 'closing'));
    },
  };
}

function readUrl(text: string): URL {
  // The parser's own error quotes the URL.
  if (!URL.canParse(text)) throw new OutboundRefused('bad-url', '');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new OutboundRefused('scheme-refused', url.hostname);
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('credentials-in-url', url.hostname);
  return url;
}

/** A look-up cannot be called off, only left behind. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function readUpTo(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Pick<GuardedResponse, 'bytes' | 'body'>> {
  // Leaving the loop early destroys the stream, which undici reports as an abort.
  body.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, maxBytes);
  // A character that the cut halves is left out.
  return { bytes, body: new TextDecoder().decode(bytes, { stream: length > maxBytes }) };
}
