import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request and what came of it. */
export interface Attempt {
  /** Null when the connection broke before an answer. */
  status: number | null;
  retryAfter: string | undefined;
  latencyMs: number;
  text: string;
}

export interface EventClient {
  /** One attempt. Never rejects. */
  post: (body: object) => Promise<Attempt>;
  /** Goes on until it has a decision, as a well-behaved client does; every attempt is handed to `note`. Rejects after `patienceMs`. */
  postUntilDecided: (body: object, note: (attempt: Attempt) => void) => Promise<string>;
  close: () => void;
}

/** Waits no longer than this between attempts, so that a short outage meets many of them. */
const RETRY_CAP_MS = 400;
const RETRY_BROKEN_MS = 100;

/** Speaks plain HTTP over kept connections, so that statuses and broken connections are seen as they are. */
export function createEventClient({ apiUrl, apiKey, patienceMs = 120_000 }: { apiUrl: string; apiKey: string; patienceMs?: number }): EventClient {
  // Idle connections are given up long before the server closes them: it might at the moment of the next request.
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, timeout: 2_000 });
  const { hostname, port } = new URL(apiUrl);

  const post = (body: object): Promise<Attempt> =>
    new Promise((resolve) => {
      const text = JSON.stringify(body);
      const startMs = performance.now();
      const broken = (): void => resolve({ status: null, retryAfter: undefined, latencyMs: performance.now() - startMs, text: '' });
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'x-api-key': apiKey };
      const req = request({ agent, hostname, port, method: 'POST', path: '/api/v1/governance/events', headers }, (res) => {
        let answer = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => (answer += chunk));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, retryAfter: res.headers['retry-after'], latencyMs: performance.now() - startMs, text: answer }),
        );
        res.on('error', broken);
      });
      req.on('error', broken);
      req.end(text);
    });

  return {
    post,
    async postUntilDecided(body, note) {
      const deadlineMs = Date.now() + patienceMs;
      for (;;) {
        const attempt = await post(body);
        note(attempt);
        if (attempt.status === 200) return attempt.text;
        const isWorthRetrying = attempt.status === null || attempt.status === 429 || attempt.status === 503;
        if (!isWorthRetrying || Date.now() > deadlineMs) throw new Error(`no decision: ${attempt.status ?? 'connection broken'} ${attempt.text}`);
        await sleep(attempt.status === null ? RETRY_BROKEN_MS : Math.min(RETRY_CAP_MS, Number(attempt.retryAfter ?? 1) * 1_000));
      }
    },
    close: () => agent.destroy(),
  };
}
