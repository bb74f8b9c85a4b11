import { startApi } from '../support/api.ts';
import { pino } from 'pino';
void pino;
it('big', async () => {
  const test = await startApi();
  const out: string[] = [];
  for (let i = 0; i < 10; i++) {
    const r = await test.call('POST', '/api/v1/governance/events', { key: test.ownerKey, raw: Buffer.alloc(5 << 20, 0x20) }).then((a) => String(a.status), (e) => e.message);
    out.push(r);
    const f = await fetch(test.baseUrl + '/api/v1/governance/events', { method: 'POST', headers: { 'x-api-key': test.ownerKey, 'content-type': 'application/json' }, body: Buffer.alloc(20 << 20, 0x20) }).then((a) => String(a.status), (e) => String(e.cause ?? e));
    out.push(f);
    const g = await fetch(test.baseUrl + '/api/v1/governance/events', { method: 'POST', headers: { 'x-api-key': 'wrong', 'content-type': 'application/json' }, body: Buffer.alloc(2 << 20, 0x20) }).then((a) => String(a.status), (e) => String(e.cause ?? e));
    out.push(g);
  }
  process.stderr.write(out.join('\n') + '\n');
  await test.stop();
});
