import { append, createTestLedger, exportFiles, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles, TestRecord } from '../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../support/ledger-export-records.ts';
import { HOUR_MS, START_MS } from '../support/ledger-export-samples.ts';
import { describeVerifiers, judge } from '../support/run-verifiers.ts';
import { seededRandom } from '../support/seeded-random.ts';

const DAY_MS = 24 * HOUR_MS;
const EXPORTS = 120;
const { integer, pick } = seededRandom(20_260_302);
const below = (count: number): number => integer(0, count - 1);
const someOf = <T>(any: () => T): T[] => Array.from({ length: below(3) }, any);

// Of few values each, so that what is stated and what is on record are often the same, and often nearly so.
const anyTime = (): number | null => pick([null, START_MS, START_MS + 1]);
const anyHold = () => ({ id: pick(['hld_1', 'hld_2']), from: anyTime(), until: anyTime() });
const anyExtension = () => ({ beforeSeq: below(3), days: below(3) });
const anyReduction = () => {
  const noticeAt = START_MS + below(2) * DAY_MS;
  return { beforeSeq: pick([0, 3, 6]), days: below(2), noticeAt, effectiveAt: noticeAt + pick([0, 30]) * DAY_MS };
};
const anyRules = () => ({ upTo: pick([0, 9]), extended: someOf(anyExtension), reduced: pick([null, anyReduction()]), held: someOf(anyHold) });

function anyRecord(atMs: number): TestRecord {
  const { id, from, until } = anyHold();
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const record = (type: string, details: object = {}, target: string | null = null): TestRecord =>
    auditRecord({ type, atMs, details: below(20) === 0 ? { ...details, days: null, from: 0 } : details, target, retainDays: pick([0, 90]) });
  return pick([
    () => record('hold.placed', { from: iso(from), until: iso(until) }, id),
    () => record('hold.released', {}, id),
    () => record('retention.extended', anyExtension()),
    () => record('retention.reduced', anyReduction()),
    () => record('retention.reduction-cancelled'),
    () => record('ledger.purged', purgeDetails(anyRules())),
  ])();
}

/** Up to nine records, some of which are gone or changed, and a statement that is true by chance. */
function anyLedger(): ExportFiles {
  const ledger = createTestLedger();
  const [first = 0, ...later] = Array.from({ length: 1 + below(9) }, () => START_MS + below(2) * DAY_MS + below(3)).toSorted((a, b) => a - b);
  for (const atMs of [first, ...later]) append(ledger, anyRecord(atMs));
  const past = ledger.entries.map(({ seq, at }) => ({ seq, at }));
  const earlier = someOf(() => {
    const { seq, at } = pick(past);
    return { ...(below(2) === 0 ? {} : { seq }), at, ...anyRules() };
  });
  // An account that is true needs more luck than there is.
  const { at, text } = ledger.entries.find(({ fields }) => fields['type'] === 'ledger.purged') ?? {};
  const { details } = JSON.parse(text ?? '{"details":{}}') as { details: { [name: string]: unknown } };
  if (below(2) === 0 && Array.isArray(details['held'])) earlier.push({ at: at ?? 0, ...(details as ReturnType<typeof anyRules>) });
  const purgedMs = START_MS + 40 * DAY_MS;
  append(ledger, auditRecord({ type: 'ledger.purged', atMs: purgedMs, details: purgeDetails({ ...anyRules(), upTo: 9, earlier }) }));
  if (below(3) === 0) append(ledger, anyRecord(purgedMs + 1));
  signCheckpoint(ledger, purgedMs + 5_000);
  ledger.exportedAt = purgedMs + 60_000;
  for (const { seq } of past) if (below(4) === 0) ledger.gone.add(seq);
  for (const entry of ledger.entries) if (below(12) === 0) entry.text = entry.text.replace('"requestId":"', '"requestId":"x');
  return exportFiles(ledger);
}

describeVerifiers('any purge statement', () => {
  test('is true or false for both verifiers, and as often', async () => {
    const counts = new Map<number, number>();
    for (let made = 0; made < EXPORTS; made += 1) {
      const { typescript, python } = await judge(anyLedger(), ['DIR', '--json']);
      expect(typescript).toEqual(python);
      const { count = 0 } = python.result?.findings.find(({ code }) => code === 'FALSE_STATEMENT') ?? {};
      counts.set(count, (counts.get(count) ?? 0) + 1);
    }
    // They agree on something: statements without a contradiction, with one, and with several.
    for (const count of [0, 1, 2, 3]) expect(counts.get(count) ?? 0).toBeGreaterThan(2);
  });
});
