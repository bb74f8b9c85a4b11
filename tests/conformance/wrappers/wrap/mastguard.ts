import type { Decide } from '../../../../sdk/agent/src/decision.ts';
import { wrapAnthropic, wrapAzureOpenAI, wrapOpenAI } from '../../../../sdk/agent/src/index.ts';
import type { ClientKind } from '../subject.ts';
import type { Wrapped } from './wrapped.ts';

/** Ours, deciding in this process at once. */
export function wrapMastGuard(client: never, kind: ClientKind): Wrapped {
  const events: string[] = [];
  let blocks = false;
  const decide: Decide = (event) => {
    events.push(JSON.stringify(event));
    return { eventId: event.id, value: blocks ? 'BLOCK' : 'ALLOW', source: 'local', mast: [], riskScore: 0, reasons: ['for the test'], policy: null };
  };
  const wrap = { OpenAI: wrapOpenAI, AzureOpenAI: wrapAzureOpenAI, Anthropic: wrapAnthropic }[kind];
  return {
    client: wrap(client, { decide }),
    seen: async () => events.join('\n'),
    block: (all) => (blocks = all),
  };
}
