import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';

/** Posts one new event over a kept connection and resolves with its answer; any answer but a decision rejects. */
export function createEventPoster({ apiUrl, apiKey }: { apiUrl: string; apiKey: string }): () => Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const { hostname, port } = new URL(apiUrl);
  return () =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({
        id: randomUUID(),
        agentId: 'billing-assistant',
        action: 'send_invoice',
        sessionId: randomUUID(),
        tool: { name: 'send_invoice', args: { customer: 'cus_4711', amount: 120.5, currency: 'EUR', note: 'Thank you for your order of the third of May.' } },
        metadata: { tokens: 420 },
      });
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-api-key': apiKey };
      const req = request({ agent, hostname, port, method: 'POST', path: '/api/v1/governance/events', headers }, (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => (text += chunk));
        res.on('end', () => (res.statusCode === 200 ? resolve(text) : reject(new Error(`${res.statusCode}: ${text}`))));
        res.on('error', reject);
      });
      req.on('error', reject);
      req.end(body);
    });
}
