/** One step a session took, as loop detection needs it. */
export interface SessionStep {
  agentId: string;
  action: string;
  /** Short hash of tool name and canonical arguments, or of the action where there is no tool call. */
  callHash: string;
  atMs: number;
}

/** What is remembered of a session between events: one row, bounded in size whatever the session does. */
export interface SessionState {
  /** Steps taken in all; the ring keeps the last 64 of them. */
  steps: number;
  startedAtMs: number;
  ring: SessionStep[];
  /** Sums of `metadata.tokens` and `metadata.cost`. */
  tokens: number;
  spend: number;
  /** Sticky: once set they stay. `untrusted`: read untrusted content. `private`: read private data. `egress`: sent or changed something. */
  untrusted: boolean;
  private: boolean;
  egress: boolean;
  /** An event said the task was over (`metadata.terminal: true`). */
  terminal: boolean;
  /** When the last events that went to people were decided, epoch milliseconds. Absent in rows of 0.1.0. */
  asks?: number[];
}

export const SESSION_RING_SIZE = 64;
export const ASKS_RING_SIZE = 20;

export function openSession(atMs: number): SessionState {
  return { steps: 0, startedAtMs: atMs, ring: [], tokens: 0, spend: 0, untrusted: false, private: false, egress: false, terminal: false };
}
