import { randomUUID } from 'node:crypto';
import { detect } from '../../core/detection/detect.ts';
import { openSession, type SessionState } from '../../core/detection/session-state.ts';
import { openEventRecords } from '../../db/event-seal.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
});
afterAll(() => product.stop());

test('two processes deciding one session concurrently give the verdicts of a serial run in ledger order', async () => {
  const beside = await product.startBeside();
  const sessionId = randomUUID();
  // Few distinct calls, so that the loop rules depend on every step before.
  const events = Array.from({ length: 60 }, (_, index) => ({
    id: `${sessionId}-${index}`,
    agentId: 'worker',
    action: 'fetch_page',
    sessionId,
    tool: { name: 'fetch_page', args: { page: index % 3 } },
    metadata: { tokens: index },
  }));
  const queues = [events.filter((_, index) => index % 2 === 0), events.filter((_, index) => index % 2 === 1)];
  await Promise.all(
    queues.flatMap((queue, half) =>
      // Four callers a process, so that both race inside and against each other.
      Array.from({ length: 4 }, async (_, caller) => {
        for (const event of queue.filter((__, index) => index % 4 === caller)) {
          await product.decide(event, { at: half === 0 ? product.apiUrl : beside.apiUrl });
        }
      }),
    ),
  );
  await beside.stop();

  const rows = await product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<{ body: string }[]>`select body from agent_events where org_id = ${product.orgId} and session_id = ${sessionId} order by seq`;
  });
  expect(rows).toHaveLength(events.length);
  let session: SessionState | null = null;
  const { vault } = product;
  const records = await openEventRecords(
    vault,
    product.orgId,
    rows.map(({ body }) => body),
  );
  for (const record of records) {
    const nowMs = Date.parse(record.evaluatedAt);
    const serial = detect({
      orgId: product.orgId,
      event: record.event as GovernanceEvent,
      profile: null,
      session: session ?? openSession(nowMs),
      nowMs,
      sha256Hex: vault.callHasher(product.orgId),
    });
    session = serial.session;
    expect(record.findings).toEqual(serial.findings);
  }
  const [row] = await product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<{ version: number; state: string }[]>`select version, state from session_state where org_id = ${product.orgId} and session_id = ${sessionId}`;
  });
  expect(row?.version).toBe(events.length);
  expect(JSON.parse(row?.state ?? '')).toEqual(session);
  const usage = await product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<{ events: number }[]>`select events from usage_month where org_id = ${product.orgId}`;
  });
  expect(usage[0]?.events).toBe(events.length);
});
