/** Members of an object that came as JSON. */
export type Members = Record<string, unknown>;
export type RequestId = string | number;

export interface RpcRequest {
  jsonrpc: '2.0';
  id: RequestId;
  method: string;
  params?: Members | undefined;
}

export interface RpcNotification {
  jsonrpc: '2.0';
  method: string;
  params?: Members | undefined;
}

export interface RpcResult {
  jsonrpc: '2.0';
  id: RequestId;
  result: Members;
}

export interface RpcError {
  jsonrpc: '2.0';
  id?: RequestId | undefined;
  error: { code: number; message: string; data?: unknown };
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResult | RpcError;

/** What a request is answered with, whatever its id. */
export type RpcAnswer = Pick<RpcResult, 'result'> | Pick<RpcError, 'error'>;

/** Codes of JSON-RPC 2.0, and the one that implementations of MCP use for a connection that is gone. */
export const RPC_CODES = { connectionClosed: -32_000, invalidRequest: -32_600, invalidParams: -32_602, internalError: -32_603 } as const;

export const isRequest = (message: RpcMessage): message is RpcRequest => 'method' in message && 'id' in message && message.id !== undefined;
export const isNotification = (message: RpcMessage): message is RpcNotification => 'method' in message && !isRequest(message);
export const isAnswer = (message: RpcMessage): message is RpcResult | RpcError => !('method' in message);

export const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

/** One end of an MCP connection; the transports of `@modelcontextprotocol/client` and `…/server` are such. */
export interface McpTransport {
  start: () => Promise<void>;
  send: (message: RpcMessage) => Promise<void>;
  close: () => Promise<void>;
  onmessage?: ((message: RpcMessage) => void) | undefined;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  /** HTTP names the version in a header. */
  setProtocolVersion?: ((version: string) => void) | undefined;
}
