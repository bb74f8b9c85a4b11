import { append, exportFiles, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles, TestRecord } from '../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../support/ledger-export-records.ts';
import type { PurgeDetails } from '../support/ledger-export-records.ts';
import { HOUR_MS, longLedger, START_MS } from '../support/ledger-export-samples.ts';
import type { LongOptions } from '../support/ledger-export-samples.ts';
import { replaceInLine } from '../support/edit-export.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const DAY_MS = 24 * HOUR_MS;
const PURGED_MS = START_MS + 26 * HOUR_MS;
const RECORDED_MS = START_MS + HOUR_MS;
const FALSE: Expected = ['FALSE_STATEMENT entry:521'];

const record = (type: string, details: object = {}, target: string | null = null, atMs = RECORDED_MS): TestRecord =>
  auditRecord({ type, atMs, details, target });
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const placed = (id: string, from: number | null, until: number | null): TestRecord =>
  record('hold.placed', { reason: 'case 12', from: iso(from), until: iso(until) }, id);
const released = (id: string): TestRecord => record('hold.released', {}, id);
const purged = (details: PurgeDetails, atMs = RECORDED_MS): TestRecord => record('ledger.purged', purgeDetails(details), null, atMs);
const noise = (count: number): TestRecord[] => Array.from({ length: count }, (_, at) => record('key.created', {}, `key:${at}`));

/** 520 entries, the records, and a purge that took what was due of entries 0 to 511: no body that a hold of a later time would keep. */
const ledger = (records: readonly TestRecord[], options: LongOptions = {}): ExportFiles => exportFiles(longLedger({ records, ...options }));
/** With the body of the entry behind entry 519, or a later one, gone as well: covered and due. */
const withoutBody = (records: readonly TestRecord[], at: number, options: LongOptions = {}): ExportFiles => {
  const short = records.map((each, index) => (index === at ? { ...each, retainDays: 1 } : each));
  const gone = [...Array.from({ length: 512 }, (_, seq) => seq), 520 + at];
  return ledger(short, { upTo: 520 + records.length, gone, ...options });
};

/** Of a time when nothing was recorded, so that what is gone was not held. */
const FROM = PURGED_MS - 2 * HOUR_MS;
const UNTIL = PURGED_MS - HOUR_MS;
const held = (id: string, from: number | null = FROM, until: number | null = UNTIL) => ({ id, from, until });

describeVerifiers('a purge statement and the holds on record', () => {
  test.each<[string, TestRecord[], LongOptions, Expected]>([
    ['names the hold', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_1')] }, []],
    ['names an open one', [placed('hld_1', FROM, null)], { held: [held('hld_1', FROM, null)] }, []],
    ['names it among others, of which nothing is on record', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_0'), held('hld_1')] }, []],
    ['does not name it', [placed('hld_1', FROM, UNTIL)], {}, FALSE],
    ['names another one of its range', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_2')] }, FALSE],
    ['names neither of two', [placed('hld_1', FROM, UNTIL), placed('hld_2', null, null)], {}, ['FALSE_STATEMENT entry:522 x2']],
    ['has it begin later', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_1', FROM + 1)] }, FALSE],
    ['has it end earlier', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_1', FROM, UNTIL - 1)] }, FALSE],
    ['has it end, though it is open', [placed('hld_1', FROM, null)], { held: [held('hld_1')] }, FALSE],
    ['has it begin, though it is open', [placed('hld_1', null, UNTIL)], { held: [held('hld_1')] }, FALSE],
    ['has it end beyond all years', [placed('hld_1', FROM, UNTIL)], { held: [held('hld_1', FROM, 253_402_300_800_000)] }, FALSE],
    ['has it end with the last of all years', [placed('hld_1', FROM, 253_402_300_799_999)], { held: [held('hld_1', FROM, 253_402_300_799_999)] }, []],
    ['does not name it when it was released', [placed('hld_1', FROM, UNTIL), released('hld_1')], {}, []],
    ['names it though it was released', [placed('hld_1', FROM, UNTIL), released('hld_1')], { held: [held('hld_1')] }, []],
    ['does not name it when another one was released', [placed('hld_1', FROM, UNTIL), released('hld_2')], {}, ['FALSE_STATEMENT entry:522']],
    ['does not name it when nobody says which was released', [placed('hld_1', FROM, UNTIL), record('hold.released')], {}, ['FALSE_STATEMENT entry:522']],
    ['does not name one that was released before', [released('hld_1'), placed('hld_1', FROM, UNTIL)], {}, ['FALSE_STATEMENT entry:522']],
  ])('%s', async (_, records, options, expected) => {
    await expectBoth(ledger(records, options), expected);
  });

  test.each<[string, object, string | null]>([
    ['no target', { from: null, until: null }, null],
    ['no beginning', { until: null }, 'hld_1'],
    ['no end', { from: null }, 'hld_1'],
    ['a time as a number', { from: 0, until: null }, 'hld_1'],
    ['a time of another form', { from: '2026-01-01', until: null }, 'hld_1'],
    ['a time with a line feed', { from: '2026-01-01T00:00:00.000Z\n', until: null }, 'hld_1'],
    ['a time in other digits', { from: '٢٠٢٦-01-01T00:00:00.000Z', until: null }, 'hld_1'],
  ])('passes over a record with %s', async (_, details, target) => {
    await expectBoth(ledger([record('hold.placed', details, target)]), []);
  });

  test('a day that is none is no day of any statement', async () => {
    const details = { from: '2026-02-30T00:00:00.000Z', until: null };
    const march = Date.UTC(2026, 2, 2);
    await expectBoth(ledger([record('hold.placed', details, 'hld_1')], { held: [held('hld_1', march, null)] }), FALSE);
  });

  test('says nothing of a hold that is placed after it', async () => {
    const later = longLedger();
    append(later, { ...placed('hld_1', FROM, UNTIL), atMs: PURGED_MS + 1_000 });
    signCheckpoint(later, PURGED_MS + 6_000);
    await expectBoth(exportFiles(later), []);
  });

  test('what can no longer be read may have released it', async () => {
    await expectBoth(withoutBody([placed('hld_1', FROM, UNTIL), released('hld_1')], 1), []);
    await expectBoth(withoutBody([...noise(1), placed('hld_1', FROM, UNTIL)], 0), ['FALSE_STATEMENT entry:522']);
    const changed = replaceInLine('bodies.ndjson', 9, '"requestId":"', '"requestId":"x');
    await expectBoth(changed(ledger([placed('hld_1', FROM, UNTIL), ...noise(1)])), ['BODY_MISMATCH entry:521']);
    await expectBoth(changed(ledger([...noise(2), placed('hld_1', FROM, UNTIL)])), ['BODY_MISMATCH entry:521', 'FALSE_STATEMENT entry:523']);
  });

  test('a purge before it has named a hold whose record is gone', async () => {
    const before = purged({ upTo: 0, held: [held('hld_1')] });
    await expectBoth(ledger([before]), FALSE);
    await expectBoth(ledger([before], { held: [held('hld_1')] }), []);
    await expectBoth(ledger([before, released('hld_1')]), []);
    await expectBoth(ledger([placed('hld_1', FROM, null), before], { held: [held('hld_1', FROM, null)] }), []);
    await expectBoth(ledger([record('ledger.purged', { upTo: 0, held: [held('hld_1')] })]), []);
  });
});

describeVerifiers('a purge statement and the changes of plan on record', () => {
  const extended = (beforeSeq: number, days: number): TestRecord => record('retention.extended', { beforeSeq, days });

  test.each<[string, TestRecord[], LongOptions, Expected]>([
    ['keeps what was extended', [extended(0, 90)], { extended: [{ beforeSeq: 0, days: 90 }] }, []],
    ['forgets it', [extended(0, 90)], {}, FALSE],
    ['keeps it for fewer days', [extended(0, 90)], { extended: [{ beforeSeq: 0, days: 89 }] }, FALSE],
    ['keeps fewer', [extended(3, 90)], { extended: [{ beforeSeq: 2, days: 0 }] }, FALSE],
    ['keeps more for longer', [extended(0, 0)], { extended: [{ beforeSeq: 1, days: 1 }] }, []],
    [
      'needs both at once',
      [extended(2, 2)],
      {
        extended: [
          { beforeSeq: 2, days: 0 },
          { beforeSeq: 0, days: 2 },
        ],
      },
      FALSE,
    ],
    ['forgets two, of which one says it all', [extended(1, 1), extended(2, 2)], {}, ['FALSE_STATEMENT entry:522']],
    ['forgets the same one twice', [extended(2, 2), extended(2, 2)], {}, ['FALSE_STATEMENT entry:522']],
    ['forgets two that say different things', [extended(2, 1), extended(1, 2)], {}, ['FALSE_STATEMENT entry:522 x2']],
    ['passes over a record without days', [record('retention.extended', { beforeSeq: 1 })], {}, []],
    ['forgets what the purge before it kept', [purged({ upTo: 0, extended: [{ beforeSeq: 0, days: 90 }] })], {}, FALSE],
    ['invents one', [], { extended: [{ beforeSeq: 0, days: 90 }] }, []],
  ])('%s', async (_, records, options, expected) => {
    await expectBoth(ledger(records, options), expected);
  });

  test('nothing that can no longer be read takes an extension back', async () => {
    await expectBoth(withoutBody([extended(0, 90), ...noise(1)], 1), ['FALSE_STATEMENT entry:522']);
  });

  const told = (changes: object = {}) => ({ beforeSeq: 512, days: 1, noticeAt: RECORDED_MS, effectiveAt: RECORDED_MS + 30 * DAY_MS, ...changes });
  const reduced = (changes: object = {}, atMs = RECORDED_MS): TestRecord => record('retention.reduced', told(changes), null, atMs);
  const cancelled = record('retention.reduction-cancelled', told());
  const LATER_MS = RECORDED_MS + 600_000;

  test.each<[string, TestRecord[], object | null, Expected]>([
    ['states what was told', [reduced()], told(), []],
    ['states nothing', [reduced()], null, []],
    ['states what nobody told', noise(1), told(), FALSE],
    ['states other entries', [reduced()], told({ beforeSeq: 513 }), FALSE],
    ['states fewer days', [reduced()], told({ days: 0 }), FALSE],
    ['states more days', [reduced()], told({ days: 2 }), FALSE],
    ['states an earlier notice', [reduced()], told({ noticeAt: RECORDED_MS - 1 }), FALSE],
    ['states an earlier day', [reduced()], told({ effectiveAt: RECORDED_MS }), FALSE],
    ['states a notice that was recorded within a minute', [reduced({}, RECORDED_MS + 60_000)], told(), []],
    ['states a notice that was recorded later', [reduced({}, RECORDED_MS + 60_001)], told(), FALSE],
    ['states a notice that was recorded a minute before', [reduced({}, RECORDED_MS - 60_000)], told(), []],
    ['states a notice that was recorded before', [reduced({}, RECORDED_MS - 60_001)], told(), FALSE],
    ['states entries from its notice on', [reduced({ beforeSeq: 521 })], told({ beforeSeq: 521 }), FALSE],
    ['states entries up to its notice', [reduced({ beforeSeq: 520 })], told({ beforeSeq: 520 }), []],
    ['states what was cancelled', [reduced(), cancelled], told(), ['FALSE_STATEMENT entry:522']],
    ['states what was told again', [reduced(), cancelled, reduced()], told(), []],
    ['states what was softened', [reduced(), reduced({ days: 7 }, LATER_MS)], told({ days: 7 }), []],
    ['states what it was before it was softened', [reduced(), reduced({ days: 7 }, LATER_MS)], told(), ['FALSE_STATEMENT entry:522']],
    ['states what was made harder under an old notice', [reduced({ days: 7 }), reduced({}, LATER_MS)], told(), ['FALSE_STATEMENT entry:522']],
    ['states one that was told anew', [reduced(), reduced({ noticeAt: LATER_MS }, LATER_MS)], told(), ['FALSE_STATEMENT entry:522']],
    ['passes over a record that is none', [reduced(), record('retention.reduced', told({ days: null }))], told(), []],
  ])('of what is kept shorter: %s', async (_, records, stated, expected) => {
    await expectBoth(ledger(records, { reduced: stated }), expected);
  });

  test('a notice that can no longer be read is an entry of its time', async () => {
    await expectBoth(withoutBody([reduced()], 0, { reduced: told() }), []);
    await expectBoth(withoutBody([reduced(), cancelled], 1, { reduced: told() }), []);
    await expectBoth(withoutBody([reduced(), cancelled], 0, { reduced: told() }), ['FALSE_STATEMENT entry:522']);
    await expectBoth(withoutBody([reduced()], 0, { reduced: told({ noticeAt: RECORDED_MS + 60_001 }) }), FALSE);
    await expectBoth(withoutBody([reduced()], 0, { reduced: told({ beforeSeq: 521 }) }), FALSE);
  });

  test('a reduction of entries that are gone concerns nobody', async () => {
    const short = told({ beforeSeq: 256 });
    await expectBoth(ledger([], { minIndex: 256, reduced: short }), []);
    await expectBoth(ledger(noise(1), { minIndex: 256, reduced: told({ beforeSeq: 257 }) }), FALSE);
  });
});

describeVerifiers('a purge statement and the purges before it', () => {
  const rules = { upTo: 512, extended: [], reduced: null, held: [] };
  const full = {
    upTo: 9,
    extended: [{ beforeSeq: 0, days: 3 }],
    reduced: { beforeSeq: 3, days: 1, noticeAt: 5, effectiveAt: 6 },
    held: [held('hld_1'), held('hld_2', FROM, null)],
  };
  const earlier = (changes: object = {}) => ({ seq: 520, at: RECORDED_MS, ...rules, ...changes });
  const same = { held: full.held, extended: full.extended };

  test.each<[string, TestRecord[], LongOptions, Expected]>([
    ['keeps one', [purged(rules)], { earlier: [earlier()] }, []],
    ['keeps one with all its rules', [purged(full)], { ...same, earlier: [earlier(full)] }, []],
    ['invents one', noise(1), { earlier: [earlier()] }, FALSE],
    ['invents two', noise(1), { earlier: [earlier(), earlier({ upTo: 3 })] }, ['FALSE_STATEMENT entry:521 x2']],
    ['names another number', [purged(rules), ...noise(1)], { earlier: [earlier({ seq: 521 })] }, ['FALSE_STATEMENT entry:522']],
    ['names itself', [purged(rules)], { earlier: [earlier({ seq: 521, at: PURGED_MS })] }, FALSE],
    ['names a number that is not there', [purged(rules)], { earlier: [earlier({ seq: 9_000 })] }, FALSE],
    ['names an event', [purged(rules)], { earlier: [earlier({ seq: 519, at: START_MS + 519_000 })] }, FALSE],
    ['has it later', [purged(rules)], { earlier: [earlier({ at: RECORDED_MS + 1 })] }, FALSE],
    ['has it go further', [purged({ ...rules, upTo: 511 })], { earlier: [earlier()] }, FALSE],
    ['has it go less far', [purged(rules)], { earlier: [earlier({ upTo: 511 })] }, FALSE],
    ['forgets its hold', [purged(full)], { ...same, earlier: [earlier({ ...full, held: [held('hld_1')] })] }, FALSE],
    ['has its holds the other way round', [purged(full)], { ...same, earlier: [earlier({ ...full, held: full.held.toReversed() })] }, FALSE],
    ['renames its hold', [purged(full)], { ...same, earlier: [earlier({ ...full, held: [held('hld_3'), full.held[1]] })] }, FALSE],
    ['narrows its hold', [purged(full)], { ...same, earlier: [earlier({ ...full, held: [full.held[0], held('hld_2', FROM + 1, null)] })] }, FALSE],
    ['shortens its extension', [purged(full)], { ...same, earlier: [earlier({ ...full, extended: [{ beforeSeq: 0, days: 2 }] })] }, FALSE],
    ['changes its reduction', [purged(full)], { ...same, earlier: [earlier({ ...full, reduced: { ...full.reduced, days: 0 } })] }, FALSE],
    ['forgets its reduction', [purged(full)], { ...same, earlier: [earlier({ ...full, reduced: null })] }, FALSE],
    ['invents its reduction', [purged(rules)], { earlier: [earlier({ reduced: full.reduced })] }, FALSE],
    ['takes one that is malformed', [record('ledger.purged', { upTo: 512 })], { earlier: [earlier()] }, FALSE],
    ['names none by number: the time tells', [purged(rules)], { earlier: [{ ...earlier(), seq: undefined }] }, []],
    ['names none by number: one of the same time will do', [purged({ ...rules, upTo: 3 }), purged(rules)], { earlier: [{ ...earlier(), seq: undefined }] }, []],
    ['names none by number, of another time', [purged(rules)], { earlier: [{ ...earlier({ at: RECORDED_MS - 1 }), seq: undefined }] }, FALSE],
    ['names none by number, with other rules', [purged(rules)], { earlier: [{ ...earlier({ upTo: 1 }), seq: undefined }] }, FALSE],
  ])('%s', async (_, records, options, expected) => {
    await expectBoth(ledger(records, options), expected);
  });

  test('what can no longer be read is one of its number and its time', async () => {
    await expectBoth(withoutBody([purged(rules)], 0, { earlier: [earlier()] }), []);
    await expectBoth(withoutBody([purged(rules)], 0, { earlier: [earlier({ upTo: 3 }), { ...earlier(), seq: undefined }] }), []);
    await expectBoth(withoutBody([purged(rules)], 0, { earlier: [earlier({ seq: 519 })] }), FALSE);
    await expectBoth(withoutBody([purged(rules)], 0, { earlier: [earlier({ at: RECORDED_MS - 1 })] }), FALSE);
    await expectBoth(withoutBody([purged(rules)], 0, { earlier: [{ ...earlier({ at: RECORDED_MS - 1 }), seq: undefined }] }), FALSE);
    const changed = replaceInLine('bodies.ndjson', 8, '"requestId":"', '"requestId":"x');
    await expectBoth(changed(ledger([purged({ upTo: 3 })], { earlier: [earlier()] })), ['BODY_MISMATCH entry:520']);
  });

  test('explains nothing where its number is none', async () => {
    for (const seq of [null, -1, 1.5, '520']) {
      await expectBoth(ledger([purged(rules)], { earlier: [earlier({ seq })] }), ['UNEXPLAINED_MISSING entry:0 x512']);
    }
  });

  test('only the newest one is compared, and one that was not seen beforehand as well', async () => {
    await expectBoth(ledger([placed('hld_1', FROM, UNTIL), purged(rules)], { held: [held('hld_1')] }), []);
    const files = ledger([placed('hld_1', FROM, UNTIL)]);
    const padding = replaceInLine('bodies.ndjson', 9, '"body":{"actor":"system"', `"body":{"actor":"system","x":"${'y'.repeat(10)}"`);
    await expectBoth(padding(files), ['BODY_MISMATCH entry:521', 'UNEXPLAINED_MISSING entry:0 x512']);
  });
});
