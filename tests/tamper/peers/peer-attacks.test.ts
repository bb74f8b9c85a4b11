import { createHash } from 'node:crypto';
import { attackAuditLogger, type AuditLogger, type AuditLoggerEntry } from './peer-attacks.ts';

const GENESIS = '0'.repeat(64);
const hashOf = ({ timestamp, agentId, action, decision, previousHash }: Omit<AuditLoggerEntry, 'hash'>): string =>
  createHash('sha256').update(JSON.stringify({ timestamp, agentId, action, decision, previousHash })).digest('hex');

/** A chain of the same form, so that the attacks can be looked at without the product they are made on. */
class Chain implements AuditLogger {
  entries: AuditLoggerEntry[] = [];

  log(given: Pick<AuditLoggerEntry, 'agentId' | 'action' | 'decision'>): AuditLoggerEntry {
    const draft = { timestamp: new Date(this.entries.length).toISOString(), ...given, previousHash: this.entries.at(-1)?.hash ?? GENESIS };
    const entry = { ...draft, hash: hashOf(draft) };
    this.entries.push(entry);
    return entry;
  }

  verify(): boolean {
    return this.entries.every((entry, at) => entry.previousHash === (this.entries[at - 1]?.hash ?? GENESIS) && entry.hash === hashOf(entry));
  }

  exportJSON(): string {
    return JSON.stringify(this.entries);
  }
}

test('an attack that leaves a chain which fits is one that a chain alone cannot find', () => {
  const results = attackAuditLogger(Chain);
  expect(results.filter(({ verify }) => verify).map(({ attack }) => attack)).toEqual([
    'untouched',
    'tail cut off',
    'everything deleted',
    'decision told differently, all later hashes put right',
    'everything written anew with fresh hashes',
    'older copy put back',
  ]);
});
