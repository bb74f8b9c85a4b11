import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PatientAnswer {
  status: number;
  // Answers of every shape; whoever asked knows which.
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface PatientClient {
  /** Goes on until it is answered something other than 5xx or 429. The same request id throughout, so that it is one request. Rejects after `patienceMs`. */
  call: (key: string, method: string, path: string, options?: { body?: object; requestId?: string; idempotencyKey?: string }) => Promise<PatientAnswer>;
  close: () => void;
}

/** A well-behaved client: tries again what was not acknowledged, and nothing else. */
export function createPatientClient({ apiUrl, patienceMs = 90_000 }: { apiUrl: string; patienceMs?: number }): PatientClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const { hostname, port } = new URL(apiUrl);

  const once = (method: string, path: string, headers: Record<string, string>, text: string | undefined): Promise<PatientAnswer | null> =>
    new Promise((resolve) => {
      const req = request({ agent, hostname, port, method, path, headers, timeout: 15_000 }, (res) => {
        let answer = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => (answer += chunk));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) }));
        res.on('error', () => resolve(null));
      });
      req.on('timeout', () => req.destroy());
      req.on('error', () => resolve(null));
      req.end(text);
    });

  return {
    async call(key, method, path, { body, requestId, idempotencyKey } = {}) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        'x-api-key': key,
        ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      };
      const untilMs = Date.now() + patienceMs;
      for (;;) {
        const answer = await once(method, path, headers, text);
        if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
        if (Date.now() > untilMs) throw new Error(`${method} ${path}: no answer in ${patienceMs} ms, at last ${answer?.status ?? 'a broken connection'}`);
        await sleep(200);
      }
    },
    close: () => agent.destroy(),
  };
}
