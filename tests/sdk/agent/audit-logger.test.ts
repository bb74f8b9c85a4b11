import * as fc from 'fast-check';
import { type AuditEntry, AuditLogger } from '../../../sdk/agent/src/audit-logger.ts';
import type { GovernedEvent, ShieldDecision } from '../../../sdk/agent/src/decision.ts';

const event = (id: string, more: Partial<GovernedEvent> = {}): GovernedEvent => ({ id, agentId: 'agent-1', action: 'transfer', ...more });
const decision = (eventId: string, more: Partial<ShieldDecision> = {}): ShieldDecision => ({
  eventId,
  value: 'ALLOW',
  source: 'server',
  mast: [],
  riskScore: 0,
  reasons: [],
  policy: null,
  ...more,
});
const chainOf = (length: number): AuditEntry[] => {
  const audit = new AuditLogger();
  for (let index = 0; index < length; index += 1) audit.record(event(`evt_${index}`), decision(`evt_${index}`));
  return structuredClone([...audit.entries]);
};

describe('AuditLogger', () => {
  it('records what was decided, where the server has it, and of the event nothing but its digest', () => {
    const receipt = { seq: 7, entryHash: 'b'.repeat(64), checkpointSize: 0 };
    const audit = new AuditLogger();
    const entry = audit.record(event('evt_1', { content: 'private words' }), decision('evt_1', { value: 'BLOCK', receipt }));
    expect(entry).toMatchObject({
      seq: 0,
      eventId: 'evt_1',
      agentId: 'agent-1',
      action: 'transfer',
      value: 'BLOCK',
      source: 'server',
      receipt,
      prev: '0'.repeat(64),
    });
    expect(JSON.stringify(entry)).not.toContain('private');
    expect(audit.record(event('evt_2'), decision('evt_2', { source: 'fail-mode' }))).toMatchObject({
      seq: 1,
      prev: entry.hash,
      receipt: null,
      source: 'fail-mode',
    });
  });

  it('finds every change of a chain, wherever it is', () => {
    expect(AuditLogger.verify(chainOf(6))).toEqual([]);
    const change = fc.oneof(
      fc.record({ what: fc.constant('alter' as const), at: fc.nat(5), member: fc.constantFrom('value', 'eventId', 'at', 'eventDigest', 'prev', 'hash') }),
      fc.record({ what: fc.constant('remove' as const), at: fc.integer({ min: 0, max: 4 }), member: fc.constant('') }),
      fc.record({ what: fc.constant('swap' as const), at: fc.integer({ min: 0, max: 4 }), member: fc.constant('') }),
    );
    fc.assert(
      fc.property(change, ({ what, at, member }) => {
        const chain = chainOf(6);
        if (what === 'alter') Object.assign(chain[at] ?? {}, { [member]: 'other' });
        else if (what === 'swap') chain.splice(at, 2, ...chain.slice(at, at + 2).toReversed());
        // Without its first entries a chain is still one: that is what `resume` and the bound in memory leave.
        else if (at === 0) chain.splice(1, 1);
        else chain.splice(at, 1);
        expect(AuditLogger.verify(chain).length).toBeGreaterThan(0);
      }),
    );
  });

  it('goes on from the last entry that was kept', () => {
    const kept: AuditEntry[] = [];
    const first = new AuditLogger({ sink: (entry) => kept.push(entry) });
    first.record(event('evt_1'), decision('evt_1'));
    const second = new AuditLogger({ sink: (entry) => kept.push(entry), resume: kept.at(-1) });
    second.record(event('evt_2'), decision('evt_2'));
    expect(kept.map(({ seq }) => seq)).toEqual([0, 1]);
    expect(AuditLogger.verify(JSON.parse(JSON.stringify(kept)) as AuditEntry[])).toEqual([]);
    expect(second.head).toEqual(kept.at(-1));
  });

  it('keeps the newest in memory and no more than twice as many as it may', () => {
    const audit = new AuditLogger({ maxEntries: 10 });
    for (let index = 0; index < 1_000; index += 1) {
      audit.record(event(`evt_${index}`), decision(`evt_${index}`));
      expect(audit.entries.length).toBeLessThan(20);
    }
    expect(audit.entries.at(-1)?.seq).toBe(999);
    expect(AuditLogger.verify(audit.entries)).toEqual([]);
  });
});
