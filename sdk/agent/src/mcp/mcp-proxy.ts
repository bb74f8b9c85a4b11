import type { Json } from '../../../compliance/src/api-types.ts';
import type { MastGuardClient } from '../../../compliance/src/client.ts';
import { MastGuardError } from '../../../compliance/src/errors.ts';
import { sleep } from '../../../compliance/src/sleep.ts';
import { createGovernor } from '../governor.ts';
import { settledWithin } from '../settled-within.ts';
import type { ShieldOptions } from '../shield-options.ts';
import { denied } from './answers.ts';
import { createHeldOperations, type Held } from './held-operations.ts';
import {
  isAnswer,
  isMembers,
  isNotification,
  isRequest,
  type McpTransport,
  type Members,
  type RequestId,
  type RpcAnswer,
  RPC_CODES,
  type RpcMessage,
  type RpcRequest,
} from './json-rpc.ts';
import { createHeldPermits } from './held-permits.ts';
import { resultType } from './protocol-era.ts';
import { createToolCalls } from './tool-calls.ts';
import { createToolDefinitions, type DefinitionNote } from './tool-definitions.ts';
import { memoryPins, type ToolPins } from './tool-pins.ts';
import { createUpstreamRequests } from './upstream-requests.ts';

export interface McpProxyOptions {
  /** How MastGuard is asked. */
  shield: ShieldOptions & { client: MastGuardClient };
  /** To the client, as a server has it; not started yet. */
  downstream: McpTransport;
  /** To the server, as a client has it; not started yet. */
  upstream: McpTransport;
  /** `identity`: what the server is asked by, which its pins are found under. `name`: for events; default: what it calls itself. */
  server: { identity: string; name?: string | undefined };
  /** Where the accepted tools are. Default: in this process. */
  pins?: ToolPins | undefined;
  /** Take changed definitions for the accepted ones from now on. Default: false. */
  acceptChanges?: boolean | undefined;
  /** How long a call is held before it is answered that it waits. Default: 180,000. */
  holdMs?: number | undefined;
  /** Between two notices of progress of a held call. Default: 5,000. */
  progressMs?: number | undefined;
  /** What people should know of; without arguments and contents. */
  onNote?: ((note: ProxyNote) => void) | undefined;
}

export type ProxyNote = DefinitionNote | { kind: 'held'; tool: string; reviewId: string; url: string } | { kind: 'fault'; code: string };

export interface McpProxy {
  start: () => Promise<void>;
  /** Resolves when either side has gone, or `close` was called; what waited has been answered. */
  closed: Promise<'client' | 'server'>;
  /** Withdraws what waits for people, delivers events, closes both sides. */
  close: () => Promise<void>;
}

/** Where a server of 2026-07-28 says what it is. */
const SERVER_INFO_META = 'io.modelcontextprotocol/serverInfo';
const GOVERNED: ReadonlySet<string> = new Set(['tools/list', 'tools/call', 'tasks/result']);
/** How long the end may take. */
const CLOSE_MS = 2_000;

/**
 * Stands between an MCP client and an MCP server and passes on whatever they say, but for tools: definitions are screened and compared with those that were
 * accepted, calls are done when they are allowed, and what tools answer is judged before the client has it.
 */
export function createMcpProxy({
  shield,
  downstream,
  upstream,
  server,
  pins = memoryPins(),
  acceptChanges = false,
  holdMs = 180_000,
  progressMs = 5_000,
  onNote,
}: McpProxyOptions): McpProxy {
  const { client } = shield;
  const governor = createGovernor({ ...shield, onReview: 'throw' });
  let serverInfo: Members | undefined;
  const metadata = (): Record<string, Json> => {
    const { name, version } = serverInfo ?? {};
    return {
      server: server.name ?? (typeof name === 'string' ? name.slice(0, 256) : 'unknown'),
      ...(typeof version === 'string' ? { serverVersion: version.slice(0, 256) } : {}),
    };
  };

  const background = new Set<Promise<unknown>>();
  const track = (work: Promise<unknown>): void => {
    background.add(work);
    void work.catch(() => undefined).finally(() => background.delete(work));
  };
  const requests = createUpstreamRequests((message) => upstream.send(message));
  const operations = createHeldOperations<RpcAnswer>({ holdMs, progressMs });
  const definitions = createToolDefinitions({
    governor,
    client,
    pins,
    server: server.identity,
    metadata,
    acceptChanges,
    onNote: (note) => onNote?.(note),
    listPage: (params, signal) => requests.send('tools/list', params, signal),
  });
  const calls = createToolCalls({ governor, permits: createHeldPermits({ governor, client, track }), definitions, operations, upstream: requests, metadata });

  /** Requests of the client that are governed, and those that the server has been given as they are. */
  const governed = new Map<RequestId, AbortController>();
  const passed = new Map<RequestId, string>();
  let isOver = false;
  let end: (side: 'client' | 'server') => void = () => undefined;
  const closed = new Promise<'client' | 'server'>((resolve) => {
    end = resolve;
  });

  const tell = (message: RpcMessage): void => {
    if (!isOver) downstream.send(message).catch(() => undefined);
  };
  const answer = (id: RequestId, given: RpcAnswer): void => tell({ jsonrpc: '2.0', id, ...given });

  const govern = async (request: RpcRequest, handle: (signal: AbortSignal) => Promise<RpcAnswer>): Promise<void> => {
    if (governed.has(request.id) || passed.has(request.id))
      return answer(request.id, { error: { code: RPC_CODES.invalidRequest, message: 'another request has this id' } });
    const ended = new AbortController();
    governed.set(request.id, ended);
    let given: RpcAnswer;
    try {
      given = await handle(ended.signal);
    } catch (error) {
      given = answerToFault(error, request);
      if (!ended.signal.aborted) onNote?.({ kind: 'fault', code: codeOf(error) });
    }
    governed.delete(request.id);
    // A request that was cancelled has no answer.
    if (!ended.signal.aborted) answer(request.id, given);
  };

  const waiting = (request: RpcRequest): ((held: Held, elapsedMs: number) => void) => {
    const { _meta: meta, name } = request.params ?? {};
    const token = isMembers(meta) ? meta['progressToken'] : undefined;
    let isTold = false;
    let progress = 0;
    return ({ reviewId, url }, elapsedMs) => {
      if (!isTold) onNote?.({ kind: 'held', tool: String(name), reviewId, url });
      isTold = true;
      if (typeof token !== 'string' && typeof token !== 'number') return;
      // Small steps: progress must grow, and the tool will have progress of its own.
      progress += 0.001;
      const message = `Waiting for a reviewer (${reviewId}), ${Math.round(elapsedMs / 1_000)} s`;
      tell({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress, message } });
    };
  };

  const pass = (message: RpcMessage): void => {
    if (isRequest(message)) passed.set(message.id, message.method);
    upstream.send(message).catch((error: unknown) => {
      if (!isRequest(message) || !passed.delete(message.id)) return;
      answer(message.id, {
        error: { code: RPC_CODES.connectionClosed, message: `the MCP server cannot be reached: ${error instanceof Error ? error.message : String(error)}` },
      });
    });
  };

  const fromClient = (message: RpcMessage): void => {
    if (isNotification(message) && message.method === 'notifications/cancelled') {
      const id = message.params?.['requestId'] as RequestId;
      const ended = governed.get(id);
      if (ended !== undefined) return ended.abort(cancellation(message.params?.['reason']));
      passed.delete(id);
    }
    // A call nobody wants the answer of is still one.
    if (isNotification(message) && GOVERNED.has(message.method)) return;
    if (!isRequest(message)) return pass(message);
    switch (message.method) {
      case 'tools/list':
        return void govern(message, (signal) => definitions.list(message.params, signal));
      case 'tools/call':
        return void govern(message, (signal) => calls.call(message, signal, waiting(message)));
      case 'tasks/result':
        return void govern(message, (signal) => calls.taskResult(message, signal, waiting(message)));
      default:
        return pass(message);
    }
  };

  const fromServer = (message: RpcMessage): void => {
    if (requests.takes(message)) return;
    if (isNotification(message) && message.method === 'notifications/tools/list_changed') definitions.outdate();
    if (isAnswer(message) && message.id !== undefined) {
      const method = passed.get(message.id);
      // Neither the proxy nor the client has asked.
      if (!passed.delete(message.id)) return;
      if ((method === 'initialize' || method === 'server/discover') && 'result' in message) {
        const { serverInfo: info, _meta: meta, protocolVersion } = message.result;
        for (const said of [info, isMembers(meta) ? meta[SERVER_INFO_META] : undefined]) if (isMembers(said)) serverInfo = said;
        if (typeof protocolVersion === 'string') upstream.setProtocolVersion?.(protocolVersion);
      }
    }
    tell(message);
  };

  const onServerGone = (): void => {
    const text = 'the MCP server has ended';
    requests.fail(text);
    for (const id of passed.keys()) answer(id, { error: { code: RPC_CODES.connectionClosed, message: text } });
    passed.clear();
    // What still waits for people cannot be done any more.
    for (const [id, ended] of governed) {
      ended.abort(new Error(text));
      answer(id, { error: { code: RPC_CODES.connectionClosed, message: text } });
    }
    end('server');
  };

  return {
    closed,
    async start() {
      const fault = (code: string) => (): void => onNote?.({ kind: 'fault', code });
      Object.assign(downstream, { onmessage: fromClient, onclose: () => end('client'), onerror: fault('client-transport') } satisfies Partial<McpTransport>);
      Object.assign(upstream, { onmessage: fromServer, onclose: onServerGone, onerror: fault('server-transport') } satisfies Partial<McpTransport>);
      await upstream.start();
      await downstream.start();
    },
    async close() {
      isOver = true;
      for (const ended of governed.values()) ended.abort(new Error('the proxy ends'));
      operations.close(new Error('the proxy ends'));
      await Promise.allSettled([upstream.close(), downstream.close(), withdrawn(background), governor.flush({ timeoutMs: CLOSE_MS })]);
      end('client');
    },
  };
}

/** Withdrawals begin a moment after the abort that causes them. */
async function withdrawn(background: ReadonlySet<Promise<unknown>>): Promise<void> {
  await sleep(0);
  await settledWithin(background, CLOSE_MS);
}

/** Clients cancel what takes longer than they wait, and then call again: the libraries say so in the reason. */
function cancellation(reason: unknown): Error {
  const error = new Error('the client has cancelled it');
  if (typeof reason === 'string' && /timed? ?out/i.test(reason)) error.name = 'TimeoutError';
  return error;
}

const codeOf = (error: unknown): string => (error instanceof MastGuardError ? error.code : 'internal');

function answerToFault(error: unknown, { method, params }: RpcRequest): RpcAnswer {
  const reason = `MastGuard could not be asked (${codeOf(error)}).`;
  if (method === 'tools/call') return { result: { ...denied({ reason, retryable: false }), ...resultType(params) } };
  return { error: { code: RPC_CODES.internalError, message: reason } };
}
