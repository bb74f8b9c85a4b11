import { randomUUID } from 'node:crypto';
import type { House } from '../../support/house.ts';
import { addTestOrganization } from '../../support/product.ts';
import { openLangGraphMeter } from '../peers/latency.ts';
import { createPatientClient } from './patient-client.ts';
import { HITL_DRILL_POLICY } from './policy.ts';

export interface Latencies {
  pauseMs: number[];
  resumeMs: number[];
}

/**
 * Turn by turn on one machine: LangGraph's `invoke` until the interrupt stands and `Command({resume})` until the graph has ended, against
 * an event over HTTP until it is held, and an approval over HTTP until the agent has used it. Ours includes two HTTP requests and their ledger entries.
 */
export async function compareLatencies(house: House, cycles: number): Promise<{ ours: Latencies; langgraph: Latencies }> {
  const organization = await addTestOrganization(house.sql, house.masterKey, { policy: HITL_DRILL_POLICY });
  const reviewer = await organization.keyOf('Reviewer');
  const client = createPatientClient({ apiUrl: house.apiUrl });
  const meter = await openLangGraphMeter({ databaseUrl: house.adminUrl });
  const ours: Latencies = { pauseMs: [], resumeMs: [] };
  const langgraph: Latencies = { pauseMs: [], resumeMs: [] };
  const warmUp = 10;
  try {
    for (let cycle = 0; cycle < cycles + warmUp; cycle += 1) {
      const id = randomUUID();
      const theirs = { pauseMs: await meter.pause(id), resumeMs: await meter.resume(id) };
      const startMs = performance.now();
      const { body } = await client.call(organization.apiKey, 'POST', '/api/v1/governance/events', { body: { id, agentId: 'treasury', action: 'transfer' } });
      const pauseMs = performance.now() - startMs;
      const path = `/api/v1/hitl/reviews/${body.review.id}`;
      const { actionDigest: digest } = (await client.call(organization.apiKey, 'GET', path)).body;
      const resumedMs = performance.now();
      await client.call(reviewer, 'POST', `${path}/decision`, { body: { verb: 'approve' } });
      await client.call(organization.apiKey, 'POST', `${path}/consume`, { body: { digest } });
      const resumeMs = performance.now() - resumedMs;
      if (cycle < warmUp) continue;
      ours.pauseMs.push(pauseMs);
      ours.resumeMs.push(resumeMs);
      langgraph.pauseMs.push(theirs.pauseMs);
      langgraph.resumeMs.push(theirs.resumeMs);
    }
    return { ours, langgraph };
  } finally {
    client.close();
    await meter.close();
  }
}
