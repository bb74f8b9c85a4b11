import { createBoundedMap } from '../core/bounded-map.ts';

/** When agents were last noted as seen by this process. */
export interface AgentTouches {
  isDue: (orgId: string, agentId: string, nowMs: number) => boolean;
  note: (orgId: string, agentIds: readonly string[], nowMs: number) => void;
}

const TOUCH_EVERY_MS = 60_000;

/** An agent's row is written once a minute, not with every event of it. */
export function createAgentTouches(): AgentTouches {
  const touchedAtMs = createBoundedMap<number>(10_000);
  return {
    isDue: (orgId, agentId, nowMs) => nowMs - (touchedAtMs.get(`${orgId}/${agentId}`) ?? 0) > TOUCH_EVERY_MS,
    note(orgId, agentIds, nowMs) {
      for (const agentId of agentIds) touchedAtMs.set(`${orgId}/${agentId}`, nowMs);
    },
  };
}
