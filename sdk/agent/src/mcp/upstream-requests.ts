import { randomId } from '../../../compliance/src/random-id.ts';
import { isAnswer, type Members, type RpcAnswer, RPC_CODES, type RpcMessage } from './json-rpc.ts';

/** Requests of the proxy itself to the server, under ids that are no client's. */
export interface UpstreamRequests {
  /** Fulfils with whatever the server answers, an error too. Rejects with the signal's reason, and tells the server. */
  send: (method: string, params: Members | undefined, signal: AbortSignal) => Promise<RpcAnswer>;
  /** Whether a message answered one of them, or one that was given up. */
  takes: (message: RpcMessage) => boolean;
  /** Answers all that wait: the server is gone. */
  fail: (message: string) => void;
}

export function createUpstreamRequests(post: (message: RpcMessage) => Promise<void>): UpstreamRequests {
  const prefix = `${randomId('mastguard_')}-`;
  const waiting = new Map<string, (answer: RpcAnswer) => void>();
  let last = 0;

  return {
    send(method, params, signal) {
      signal.throwIfAborted();
      const id = `${prefix}${(last += 1)}`;
      return new Promise((resolve, reject) => {
        const end = (): void => {
          waiting.delete(id);
          signal.removeEventListener('abort', onAbort);
        };
        const onAbort = (): void => {
          end();
          reject(signal.reason as Error);
          void post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'The client has cancelled it.' } }).catch(
            () => undefined,
          );
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(id, (answer) => {
          end();
          resolve(answer);
        });
        post({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }).catch((error: unknown) => {
          waiting.get(id)?.(unreachable(error instanceof Error ? error.message : String(error)));
        });
      });
    },
    takes(message) {
      if (!isAnswer(message) || typeof message.id !== 'string' || !message.id.startsWith(prefix)) return false;
      waiting.get(message.id)?.('result' in message ? { result: message.result } : { error: message.error });
      return true;
    },
    fail(message) {
      for (const answer of waiting.values()) answer(unreachable(message));
    },
  };
}

const unreachable = (message: string): RpcAnswer => ({ error: { code: RPC_CODES.connectionClosed, message } });
