import type { Operations } from './api-types.ts';
import type { Answered } from './api-promise.ts';
import { fetchText } from './fetch-text.ts';
import { MastGuardConnectionError, MastGuardError } from './errors.ts';
import { errorOf } from './error-of.ts';
import { randomId } from './random-id.ts';
import { retryDelayMs } from './retry-delay.ts';
import { sleep } from './sleep.ts';
import { VERSION } from './version.ts';

/** Method and path, as the API's OpenAPI document has them. */
export type Operation = keyof Operations;
export type ResponseOf<O extends Operation> = Operations[O]['response'];
/** What the operation is given: `path`, `query`, `body`. */
export type RequestOf<O extends Operation> = Omit<Operations[O], 'response' | 'headers'>;

/** Of one call; they go before those of the client. */
export interface RequestOptions {
  /** Ends the call, and the waits between its attempts. The promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Of each attempt, from the first byte sent to the last received. */
  timeoutMs?: number | undefined;
  /** Attempts after the first. */
  maxRetries?: number | undefined;
  headers?: Record<string, string> | undefined;
}

export interface IdempotentOptions extends RequestOptions {
  /** Names the call where the event has no id of its own, so that calling again is the same call. Made for you, and kept over retries, where it is absent. */
  idempotencyKey?: string | undefined;
}

/** What a resource says of its operation. */
export interface CallOptions extends RequestOptions {
  idempotencyKey?: string | undefined;
  /** False: sent again only where the server has surely not done it. */
  repeatable?: boolean;
  /** The server holds the answer back for as long, so the attempt has that much more time. */
  heldMs?: number;
}

/** For logs: one attempt. Neither ids nor bodies are in it. */
export interface Attempt {
  /** `GET /api/v1/hitl/reviews/{id}` */
  operation: string;
  /** 0 for the first. */
  attempt: number;
  status: number | undefined;
  /** Of the error; undefined after a success. */
  code: string | undefined;
  requestId: string;
  durationMs: number;
  /** Undefined: this was the last. */
  retryInMs: number | undefined;
}

export interface TransportOptions {
  apiKey: string;
  /** Without a slash at the end. */
  baseUrl: string;
  timeoutMs: number;
  maxRetries: number;
  headers: Record<string, string>;
  fetch: typeof fetch | undefined;
  onAttempt: ((attempt: Attempt) => void) | undefined;
}

export interface Transport {
  send<O extends Operation>(operation: O, request: RequestOf<O>, options?: CallOptions): Promise<Answered<ResponseOf<O>>>;
}

interface AnyRequest {
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
}

/** Sends operations, and sends them again where that is safe. All attempts of a call carry the same request id and idempotency key. */
export function createTransport(client: TransportOptions): Transport {
  return {
    async send<O extends Operation>(operation: O, request: RequestOf<O>, options: CallOptions = {}): Promise<Answered<ResponseOf<O>>> {
      const { signal, maxRetries = client.maxRetries, timeoutMs = client.timeoutMs, repeatable = true, heldMs = 0 } = options;
      const requestId = randomId('req_');
      const asked: AnyRequest = request;
      const { body } = asked;
      const url = urlOf(client.baseUrl, operation, asked);
      // One place for names in any case: a header of the caller must stand beside none of ours.
      const headers = new Headers({ ...client.headers, ...options.headers });
      headers.set('accept', 'application/json');
      headers.set('user-agent', `mastguard-sdk/${VERSION}`);
      headers.set('x-api-key', client.apiKey);
      headers.set('x-request-id', requestId);
      if (body !== undefined) headers.set('content-type', 'application/json');
      if (options.idempotencyKey !== undefined) headers.set('idempotency-key', options.idempotencyKey);
      const [method = ''] = operation.split(' ', 1);
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };

      for (let attempt = 0; ; attempt += 1) {
        const startMs = Date.now();
        const tell = (status: number | undefined, code?: string, retryInMs?: number): void =>
          client.onAttempt?.({ operation, attempt, status, code, requestId, durationMs: Date.now() - startMs, retryInMs });
        try {
          const { response, text } = await fetchText(client.fetch ?? fetch, url, init, { timeoutMs: timeoutMs + heldMs, signal });
          const data = dataOf(response, text) as ResponseOf<O>;
          tell(response.status);
          return { data, response, requestId: response.headers.get('x-request-id') ?? undefined };
        } catch (error) {
          const retryInMs = attempt < maxRetries ? retryDelayMs({ error, attempt, repeatable }) : undefined;
          if (error instanceof MastGuardError) tell(error.status, error.code, retryInMs);
          if (retryInMs === undefined) throw error;
          await sleep(retryInMs, signal);
        }
      }
    },
  };
}

function urlOf(baseUrl: string, operation: Operation, { path = {}, query = {} }: AnyRequest): string {
  const template = operation.slice(operation.indexOf(' ') + 1);
  // A dot segment would be resolved away and lead to another resource; it is no id either.
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])).replace(/^\.+$/, '%00'));
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]));
  return baseUrl + filled + (pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`);
}

function dataOf(response: Response, text: string): unknown {
  const { status, headers } = response;
  // The key is in a header that a redirect would take along, wherever it leads.
  if (status < 200 || (status >= 300 && status < 400)) {
    throw new MastGuardConnectionError('the address answers with a redirect: set `baseUrl` to where it leads', { status, code: 'redirected', headers });
  }
  if (status >= 400) throw errorOf(response, text);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MastGuardConnectionError('the answer is not JSON: is `baseUrl` that of the API?', { status, code: 'not-json', headers, cause });
  }
}
