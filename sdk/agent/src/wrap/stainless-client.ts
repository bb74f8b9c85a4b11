import { createGovernor, type Governor } from '../governor.ts';
import type { WrapOptions } from '../wrap-options.ts';
import { admit, type AdmitSettings, bodySnapshot, type ModelRequest } from './admit.ts';
import type { OpenCall } from './open-call.ts';
import { tapResponse } from './response-tap.ts';

/** What a client must have: those that Stainless generates do. */
export interface StainlessClient {
  baseURL: string;
  withOptions(options: never): unknown;
}

export interface ClientKind {
  provider: string;
  /** Options that `withOptions` of some versions loses, by the field of the client that holds them. */
  carried?: Readonly<Record<string, string>> | undefined;
  /** The model that is asked, where that is not the one a body names. */
  model?: ((client: object, path: string) => string | undefined) | undefined;
}

type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
type MiddlewareRequest = Pick<RequestInit, 'signal'>;
type Middleware = (
  request: MiddlewareRequest,
  next: (request: MiddlewareRequest) => Promise<Response>,
  context: { options?: object | undefined },
) => Promise<Response>;
type RequestOptions = ModelRequest & object;

/** The parts of a client that are overridden; they are protected in its types. */
interface ClientInternals extends StainlessClient {
  fetch: Fetch;
  withOptions(options: Record<string, unknown>): ClientInternals;
  request(options: RequestOptions | PromiseLike<RequestOptions>, ...more: unknown[]): unknown;
  prepareOptions(options: RequestOptions): Promise<void>;
  prepareRequest(request: RequestInit, context: { url: string; options: RequestOptions }): Promise<void>;
  /** Anthropic's, from 0.101 on. */
  backendMiddleware?(): readonly Middleware[];
}

/** On what `fetch` is called with: the call it is for. Taken off again before anything is sent. */
const CALL = Symbol('mastguard.call');
const GOVERNED = Symbol.for('@auxdynamics/mastguard-agent-sdk/governed-client');

/**
 * A governed copy of a client, of its own class's subclass, so that all that holds for the client holds for the copy. `prepareOptions` asks about
 * the question before anything is sent, whatever method of the client began it; the answer is governed as it is read. The client itself stays as
 * it is. See docs/adr/0018-wrapping-model-clients.md.
 */
export function governClient<Client extends StainlessClient>(client: Client, options: WrapOptions, kind: ClientKind): Client {
  const original = client as unknown as ClientInternals;
  if (GOVERNED in client) throw new Error('this client is governed already');
  if (typeof original.prepareOptions !== 'function' || typeof original.fetch !== 'function') {
    throw new TypeError('this is no client that MastGuard knows how to govern: it has no `prepareOptions`');
  }
  const governor = options.governor ?? createGovernor(options);
  const Governed = governedClass(original, { governor, settings: settingsOf(options), kind });
  const copy = original.withOptions({ ...carriedOptions(original, kind), fetch: tapped(original.fetch) });
  return Object.setPrototypeOf(copy, Governed.prototype) as Client;
}

function governedClass(
  original: ClientInternals,
  { governor, settings, kind }: { governor: Governor; settings: AdmitSettings; kind: ClientKind },
): { prototype: object } {
  const Base = original.constructor as new (options: Record<string, unknown>) => ClientInternals;
  /** By the options of the request: its attempts share them, and are one call. */
  const calls = new WeakMap<object, OpenCall | 'no-model-call'>();
  const callOf = (requestOptions: object | undefined): OpenCall | undefined => {
    const call = requestOptions === undefined ? undefined : calls.get(requestOptions);
    return call === 'no-model-call' ? undefined : call;
  };
  /** Where the client has it, answers are met as Anthropic sends them, whatever the cloud behind sends. */
  const hasMiddleware = typeof original.backendMiddleware === 'function';

  class Governed extends Base {
    constructor(given: Record<string, unknown>) {
      super({ ...given, fetch: tapped((given['fetch'] as Fetch | undefined) ?? fetch) });
    }

    override withOptions(given: Record<string, unknown>): ClientInternals {
      return super.withOptions({ ...carriedOptions(this, kind), ...given });
    }

    /** With a copy: the caller's own options may be used again, for another call. */
    override request(given: RequestOptions | PromiseLike<RequestOptions>, ...more: unknown[]): unknown {
      return super.request(
        Promise.resolve(given).then((requestOptions) => ({ ...requestOptions })),
        ...more,
      );
    }

    override async prepareOptions(requestOptions: RequestOptions): Promise<void> {
      await super.prepareOptions(requestOptions);
      if (calls.has(requestOptions)) return;
      if (requestOptions.body !== undefined) requestOptions.body = bodySnapshot(requestOptions.body);
      try {
        calls.set(
          requestOptions,
          (await admit(requestOptions, { governor, settings, provider: kind.provider, model: kind.model?.(this, requestOptions.path) })) ?? 'no-model-call',
        );
      } catch (error) {
        // The client says in its own way that a request was aborted, and sends nothing then.
        if (requestOptions.signal?.aborted !== true) throw error;
      }
    }

    override async prepareRequest(request: RequestInit, context: { url: string; options: RequestOptions }): Promise<void> {
      await super.prepareRequest(request, context);
      const call = hasMiddleware ? undefined : callOf(context.options);
      if (call !== undefined) (request as { [CALL]?: OpenCall })[CALL] = call;
    }

    override backendMiddleware(): readonly Middleware[] {
      const governing: Middleware = async (request, next, { options: requestOptions }) => {
        const response = await next(request);
        const call = callOf(requestOptions);
        return call === undefined ? response : tapResponse(response, call, { signal: request.signal });
      };
      return [governing, ...(super.backendMiddleware?.() ?? [])];
    }
  }
  // The name goes into the `User-Agent`.
  Object.defineProperty(Governed, 'name', { value: Base.name });
  Object.defineProperty(Governed.prototype, GOVERNED, { value: true });
  if (!hasMiddleware) delete (Governed.prototype as Partial<ClientInternals>).backendMiddleware;
  return Governed;
}

const tappedAlready = new WeakSet<Fetch>();

function tapped(inner: Fetch): Fetch {
  if (tappedAlready.has(inner)) return inner;
  const outer: Fetch = async (url, init) => {
    const { [CALL]: call, ...rest } = (init ?? {}) as RequestInit & { [CALL]?: OpenCall };
    if (call === undefined) return inner(url, init);
    return tapResponse(await inner(url, rest), call, { signal: rest.signal });
  };
  tappedAlready.add(outer);
  return outer;
}

function carriedOptions(client: ClientInternals, { carried = {} }: ClientKind): Record<string, unknown> {
  const held = Object.entries(carried).map(([option, field]): [string, unknown] => [option, (client as unknown as Record<string, unknown>)[field]]);
  return Object.fromEntries(held.filter(([, value]) => value !== undefined && value !== null));
}

function settingsOf({
  stream = 'window',
  windowChars = 256,
  onBlockedStream = 'throw',
  toolCalls = 'govern',
  allowUngoverned = false,
}: WrapOptions): AdmitSettings {
  if (!Number.isSafeInteger(windowChars) || windowChars < 1) throw new RangeError('`windowChars` must be a positive integer');
  return { stream, windowChars, onBlockedStream, toolCalls, allowUngoverned };
}
