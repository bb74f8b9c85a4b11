import { setTimeout as sleep } from 'node:timers/promises';
import { Decision } from '../../schemas/decision.ts';
import type { PostEvent, PostOutcome } from './replay.ts';

export interface EventClientOptions {
  apiUrl: string;
  apiKey: string;
  /** Time one event has, all its tries together. */
  giveUpAfterMs?: number;
  /** Ends waits between tries; a request under way is left to finish. */
  signal?: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_WAIT_MS = 1_000;
/** A connection that breaks may be one process of several going away; one that is refused twice is nobody there. */
const MAX_CONNECTION_TRIES = 3;
const CONNECTION_WAIT_MS = 250;

/** Posts events to the public API. 429 and 503 are tried again as `Retry-After` says: the id makes a second try the same event. */
export function createEventClient({ apiUrl, apiKey, giveUpAfterMs = 60_000, signal }: EventClientOptions): PostEvent {
  const url = `${apiUrl.replace(/\/+$/, '')}/api/v1/governance/events`;
  const headers = { 'content-type': 'application/json', 'x-api-key': apiKey };

  return async (event) => {
    const body = JSON.stringify(event);
    const untilMs = Date.now() + giveUpAfterMs;
    let broken = 0;
    for (;;) {
      let waitMs = CONNECTION_WAIT_MS;
      let problem: string;
      try {
        const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
        const text = await response.text();
        if (response.status === 200) return decided(text);
        problem = describe(response.status, text);
        if (response.status !== 429 && response.status !== 503) return { kind: 'refused', detail: problem };
        broken = 0;
        waitMs = retryAfterMs(response.headers.get('retry-after'));
      } catch (error) {
        problem = `cannot reach ${apiUrl}: ${causeOf(error)}`;
        if ((broken += 1) >= MAX_CONNECTION_TRIES) return { kind: 'gone', detail: problem };
      }
      // A quota that resets next month is no reason to wait.
      if (Date.now() + waitMs > untilMs) return { kind: 'refused', detail: problem };
      if (!(await waited(waitMs, signal))) return { kind: 'stopped' };
    }
  };
}

function decided(text: string): PostOutcome {
  const parsed = Decision.safeParse(jsonOf(text));
  return parsed.success ? { kind: 'decided', decision: parsed.data } : { kind: 'refused', detail: 'status 200, but the answer is no decision' };
}

function describe(status: number, text: string): string {
  const { code, detail, errors } = (jsonOf(text) ?? {}) as { code?: string; detail?: string; errors?: { pointer: string; detail: string }[] };
  const faults = errors
    ?.slice(0, 3)
    .map((fault) => `${fault.pointer} ${fault.detail}`)
    .join('; ');
  return [`status ${status}`, code, detail, faults].filter((part) => part !== undefined && part !== '').join(', ');
}

/** RFC 9110: seconds, or a date. */
function retryAfterMs(header: string | null): number {
  if (header === null) return DEFAULT_WAIT_MS;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : DEFAULT_WAIT_MS;
}

async function waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return sleep(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
