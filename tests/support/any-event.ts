import * as fc from 'fast-check';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { JsonObject } from '../../schemas/json.ts';

const text = fc.string({ minLength: 1, maxLength: 24, unit: 'grapheme' });
const json: fc.Arbitrary<JsonObject> = fc
  .dictionary(text, fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 3 }), { maxKeys: 5 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
/** Few, so that principal and owner are the same person now and then, in one spelling or another. */
const user = fc.oneof(fc.constantFrom('ann@example.com', 'Ann@Example.com ', 'bob', 'BOB'), text);

/** Events with any of their fields, such as the API accepts. */
export const anyEvent: fc.Arbitrary<GovernanceEvent> = fc
  .record(
    {
      id: fc.uuid(),
      agentId: fc.constant('agent'),
      action: text,
      sessionId: fc.constantFrom('s1', 's2'),
      channel: fc.constantFrom('user' as const, 'tool_result' as const),
      content: text,
      intent: text,
      metadata: json,
      labels: fc.array(text, { maxLength: 3 }),
      principal: fc.record({ org: text, user }, { requiredKeys: [] }),
      resource: fc.record({ type: text, id: text, path: text, host: text, ownerOrg: text, ownerUser: user }, { requiredKeys: ['type', 'id'] }),
      tool: fc.record({ name: text, args: json, labels: fc.constant({ effect: 'egress' as const }) }, { requiredKeys: ['name'] }),
    },
    { requiredKeys: ['id', 'agentId', 'action'] },
  )
  .map((event) => event as GovernanceEvent);
