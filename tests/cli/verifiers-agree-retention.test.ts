import { append, exportFiles, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles } from '../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../support/ledger-export-records.ts';
import { HOUR_MS, longLedger, smallLedger, START_MS } from '../support/ledger-export-samples.ts';
import type { LongOptions } from '../support/ledger-export-samples.ts';
import { dropFile, dropLine, editLine, edits, insertLine, repeatLine, replaceInLine, setFile, setJson, setLine, swapLines } from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_HASH = 'c'.repeat(64);
const DAY_MS = 24 * HOUR_MS;
const PURGED_MS = START_MS + 26 * HOUR_MS;
const range = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, index) => from + index);

/** Entry s was written at second s; the purge is at 26 hours. */
const long = (options: LongOptions = {}): ExportFiles => exportFiles(longLedger(options));
const held = (from: number | null, until: number | null) => ({ id: 'hold_1', from, until });
const second = (at: number): number => START_MS + at * 1_000;

describeVerifiers('a purge that came when a body was due', () => {
  test.each<[string, LongOptions, Expected]>([
    ['to the millisecond', { purgeAfterHours: 24, gone: [0] }, []],
    ['and a second early', { purgeAfterHours: 24, gone: [0, 1] }, ['PREMATURE_PURGE entry:1']],
    ['a whole day early', { purgeAfterHours: 2 }, ['PREMATURE_PURGE entry:0 x512']],
    ['and a body is gone that it does not cover', { gone: [...range(0, 512), 514, 516] }, ['UNEXPLAINED_MISSING entry:514 x2']],
    ['and covers fewer', { upTo: 500 }, ['UNEXPLAINED_MISSING entry:500 x12']],
    ['and covers nothing', { upTo: 0 }, ['UNEXPLAINED_MISSING entry:0 x512']],
    ['and its own body is gone', { gone: [...range(0, 512), 520] }, ['UNEXPLAINED_MISSING entry:0 x513']],
    ['and took less than it might', { gone: [3, 77] }, []],
    ['and took nothing', { gone: [] }, []],
    ['and covers itself', { upTo: 521, gone: range(0, 520) }, []],
    ['and both sorts of body are gone', { purgeAfterHours: 24, gone: [0, 1, 515] }, ['PREMATURE_PURGE entry:1', 'UNEXPLAINED_MISSING entry:515']],
  ])('%s', async (_, options, expected) => {
    await expectBoth(long(options), expected);
  });

  test.each<[string, LongOptions, Expected]>([
    ['longer than a day, of some', { extended: [{ beforeSeq: 100, days: 2 }] }, ['PREMATURE_PURGE entry:0 x100']],
    [
      'longer, the longest counts',
      {
        extended: [
          { beforeSeq: 50, days: 9 },
          { beforeSeq: 100, days: 2 },
          { beforeSeq: 100, days: 1 },
        ],
      },
      ['PREMATURE_PURGE entry:0 x100'],
    ],
    ['shorter, which changes nothing', { extended: [{ beforeSeq: 512, days: 0 }], purgeAfterHours: 24, gone: [0, 1] }, ['PREMATURE_PURGE entry:1']],
    ['longer, of none', { extended: [{ beforeSeq: 0, days: 9 }] }, []],
  ])('where they are kept %s', async (_, options, expected) => {
    await expectBoth(long(options), expected);
  });

  test.each<[string, LongOptions, Expected]>([
    ['of ten seconds, both ends included', { held: [held(second(10), second(19))] }, ['PREMATURE_PURGE entry:10 x10']],
    ['of one millisecond', { held: [held(second(10), second(10))] }, ['PREMATURE_PURGE entry:10']],
    ['between two entries', { held: [held(second(10) + 1, second(11) - 1)] }, []],
    ['without a beginning', { held: [held(null, second(3))] }, ['PREMATURE_PURGE entry:0 x4']],
    ['without an end', { held: [held(second(508), null)] }, ['PREMATURE_PURGE entry:508 x4']],
    ['of all time', { held: [held(null, null)] }, ['PREMATURE_PURGE entry:0 x512']],
    ['of two ranges', { held: [held(null, second(0)), held(second(511), null)] }, ['PREMATURE_PURGE entry:0 x2']],
    ['the wrong way round', { held: [held(second(19), second(10))] }, []],
  ])('where some are held: %s', async (_, options, expected) => {
    await expectBoth(long(options), expected);
  });

  /** Told an hour after the start, and on record, 30 days before the purge. */
  const NOTICED_MS = START_MS + HOUR_MS;
  const reduced = (changes: object = {}): LongOptions => {
    const details = { beforeSeq: 512, days: 1, noticeAt: NOTICED_MS, effectiveAt: NOTICED_MS + 30 * DAY_MS, ...changes };
    const record = auditRecord({ type: 'retention.reduced', atMs: NOTICED_MS, details });
    return { retainDays: 90, purgeAfterHours: 721, isSilent: true, records: [record], reduced: details };
  };

  test.each<[string, LongOptions, Expected]>([
    ['with 30 days notice', reduced(), []],
    ['with a millisecond less', reduced({ noticeAt: NOTICED_MS + 1 }), ['PREMATURE_PURGE entry:0 x512']],
    ['from a millisecond later on', reduced({ effectiveAt: NOTICED_MS + 30 * DAY_MS + 1 }), ['PREMATURE_PURGE entry:0 x512']],
    ['for some', reduced({ beforeSeq: 500 }), ['PREMATURE_PURGE entry:500 x12']],
    ['to longer than they were here', reduced({ days: 31 }), ['PREMATURE_PURGE entry:0 x512']],
    ['and extended: the shorter time counts', { ...reduced(), extended: [{ beforeSeq: 512, days: 365 }] }, []],
    ['for none: nothing was to be kept shorter', reduced({ beforeSeq: 0 }), ['PREMATURE_PURGE entry:0 x512']],
    ['to longer than before, which changes nothing', { ...reduced({ days: 365 }), retainDays: 1 }, []],
  ])('where they are kept shorter %s', async (_, options, expected) => {
    await expectBoth(long(options), expected);
  });

  const before = (changes: object = {}) => ({
    at: PURGED_MS - 1_000,
    upTo: 512,
    extended: [],
    reduced: null,
    held: [] as ReturnType<typeof held>[],
    ...changes,
  });
  const now = { held: [held(null, null)] };
  /** Each earlier purge as its own entry has it; then its holds are released. */
  const recorded = (options: LongOptions): LongOptions => {
    const purges = (options.earlier ?? []) as ReturnType<typeof before>[];
    const records = purges.flatMap(({ at, ...rules }) => [
      auditRecord({ type: 'ledger.purged', atMs: at, details: purgeDetails(rules) }),
      ...rules.held.map(({ id }) => auditRecord({ type: 'hold.released', atMs: at, target: id })),
    ]);
    return { ...options, records };
  };

  test.each<[string, LongOptions, Expected]>([
    ['explains what was gone before a hold', { ...now, earlier: [before()] }, []],
    ['explains what was gone before an extension', { extended: [{ beforeSeq: 512, days: 9 }], earlier: [before()] }, []],
    ['of the same time', { ...now, earlier: [before({ at: PURGED_MS })] }, []],
    ['went less far', { ...now, earlier: [before({ upTo: 100 })] }, ['PREMATURE_PURGE entry:100 x412']],
    ['went further, which the newest one does not cover', { ...now, upTo: 100, earlier: [before()] }, ['UNEXPLAINED_MISSING entry:100 x412']],
    ['had a hold as well', { ...now, earlier: [before({ held: [held(null, second(9))] })] }, ['PREMATURE_PURGE entry:0 x10']],
    ['was early', { ...now, earlier: [before({ at: second(99) + DAY_MS })] }, ['PREMATURE_PURGE entry:100 x412']],
    ['and another one, together', { ...now, earlier: [before({ upTo: 100 }), before({ held: [held(null, second(9))] })] }, []],
    ['of none', { ...now, earlier: [] }, ['PREMATURE_PURGE entry:0 x512']],
  ])('where an earlier purge %s', async (_, options, expected) => {
    await expectBoth(long(recorded(options)), expected);
  });

  test('an earlier purge of a later time explains nothing', async () => {
    await expectBoth(long({ ...now, earlier: [before({ at: PURGED_MS + 1 })] }), ['FALSE_STATEMENT entry:520', 'PREMATURE_PURGE entry:0 x512']);
  });

  test.each<[string, object]>([
    ['upTo is no number', { upTo: '512' }],
    ['upTo is missing', { upTo: undefined }],
    ['extended is missing', { extended: undefined }],
    ['extended is no list', { extended: {} }],
    ['an extension has no days', { extended: [{ beforeSeq: 1 }] }],
    ['reduced is missing', { reduced: undefined }],
    ['reduced has no notice', { reduced: { beforeSeq: 1, days: 1, effectiveAt: 0 } }],
    ['held is null', { held: null }],
    ['a hold has no id', { held: [{ from: 0, until: 0 }] }],
    ['a hold has no beginning', { held: [{ id: 'hold_1', until: null }] }],
    ['a hold begins with a text', { held: [{ id: 'hold_1', from: 'now', until: null }] }],
    ['earlier is null', { earlier: null }],
    ['an earlier one has no time', { earlier: [{ upTo: 0, extended: [], reduced: null, held: [] }] }],
    ['an earlier one is malformed', { earlier: [{ at: 0, upTo: 0, extended: [], reduced: null, held: 0 }] }],
    ['the counts are missing', { counts: undefined }],
    ['a count is missing', { counts: { agentEvents: 0, hitlDecisions: 0, auditRecords: 0 } }],
    ['minIndex is missing', { minIndex: undefined }],
    ['anchorHash is no hash', { anchorHash: 'none' }],
    ['anchorHash is missing', { anchorHash: undefined }],
    ['days are a fraction', { extended: [{ beforeSeq: 0, days: 0.5 }] }],
  ])('explains nothing where %s', async (_, changes) => {
    await expectBoth(withPurge({ ...purgeDetails({ upTo: 512 }), ...changes }), ['UNEXPLAINED_MISSING entry:0 x512']);
  });

  test('explains nothing without details, and more than it needs may stand in them', async () => {
    await expectBoth(withPurge(null), ['UNEXPLAINED_MISSING entry:0 x512']);
    await expectBoth(withPurge([]), ['UNEXPLAINED_MISSING entry:0 x512']);
    await expectBoth(withPurge({ ...purgeDetails({ upTo: 512 }), policy: 'plan', held: [{ ...held(null, 0), reason: 'case' }] }), []);
  });

  test('is known by what its text says, however that is written', async () => {
    const written = (type: string): ExportFiles => {
      const ledger = longLedger();
      const purge = ledger.entries.pop();
      ledger.checkpoints.pop();
      if (purge === undefined) throw new Error('no purge');
      append(ledger, { kind: 3, body: purge.text.replace('ledger.purged', type), fields: purge.fields, atMs: PURGED_MS });
      signCheckpoint(ledger, PURGED_MS + 5_000);
      return exportFiles(ledger);
    };
    await expectBoth(written('ledger\\u002epurged'), []);
    await expectBoth(written('\\u006cedger.purge\\u0064'), []);
  });

  test('explains nothing where its body was changed, or its record is of another kind', async () => {
    const another: Edit = replaceInLine('bodies.ndjson', 8, '"requestId":"', '"requestId":"x');
    await expectBoth(another(long()), ['BODY_MISMATCH entry:520', 'UNEXPLAINED_MISSING entry:0 x512']);
    await expectBoth(another(long({ minIndex: 256 })), ['BODY_MISMATCH entry:520', 'GAP entry:0', 'UNEXPLAINED_MISSING entry:256 x256']);
    await expectBoth(withPurge(purgeDetails({ upTo: 512 }), 'ledger.purge'), ['UNEXPLAINED_MISSING entry:0 x512']);
  });

  test('of two purges the newest one counts, wherever a changed column would put it', async () => {
    await expectBoth(twoPurges(512, 100), ['UNEXPLAINED_MISSING entry:100 x412']);
    await expectBoth(twoPurges(100, 512), []);
    await expectBoth(edits(dropLine('bodies.ndjson', 9))(twoPurges(512, 100)), ['UNEXPLAINED_MISSING entry:521']);
  });

  function withPurge(details: unknown, type = 'ledger.purged'): ExportFiles {
    const ledger = longLedger();
    ledger.entries.pop();
    ledger.checkpoints.pop();
    append(ledger, auditRecord({ type, atMs: PURGED_MS, details: details as object }));
    signCheckpoint(ledger, PURGED_MS + 5_000);
    return exportFiles(ledger);
  }

  function twoPurges(first: number, then: number): ExportFiles {
    const ledger = longLedger({ upTo: first });
    append(ledger, auditRecord({ type: 'ledger.purged', atMs: PURGED_MS + 10_000, details: purgeDetails({ upTo: then }) }));
    signCheckpoint(ledger, PURGED_MS + 15_000);
    return exportFiles(ledger);
  }
});

describeVerifiers('a ledger that was pruned', () => {
  const pruned = long({ minIndex: 256 });
  const twice = long({ minIndex: 512 });

  test.each<[string, ExportFiles, Edit, Expected]>([
    ['and the hash before it is another', pruned, setJson('export.json', { anchorHash: OTHER_HASH }), ['ENTRY_MISMATCH entry:256', 'GAP entry:0']],
    [
      'and says it was not',
      pruned,
      setJson('export.json', { minIndex: 0, anchorHash: null }),
      ['ENTRY_MISMATCH entry:256', 'GAP entry:0', 'ROOT_MISMATCH checkpoint:1'],
    ],
    [
      'further than its purge says',
      pruned,
      setJson('export.json', { minIndex: 512, anchorHash: longLedger().entries[511]?.hash }),
      ['DUPLICATE_SEQ entry:256 x256', 'ENTRY_MISMATCH entry:256', 'GAP entry:0', 'ROOT_MISMATCH checkpoint:5'],
    ],
    [
      'further, with the entries gone',
      edits(dropLine('entries.ndjson', 0, 256), setJson('export.json', { minIndex: 512, anchorHash: longLedger().entries[511]?.hash }))(pruned),
      same,
      ['GAP entry:0'],
    ],
    ['and its first entry is gone', pruned, dropLine('entries.ndjson', 0), ['ENTRY_MISMATCH entry:257', 'GAP entry:256', 'ROOT_MISMATCH checkpoint:3']],
    ['and has bodies below', pruned, insertLine('bodies.ndjson', 0, strayBody(17)), ['ORPHAN_BODY body:17']],
    ['and its tile is another', pruned, setLine('tiles.ndjson', 0, { root: OTHER_HASH }), ['ROOT_MISMATCH checkpoint:2']],
    ['and its tile is gone', pruned, dropLine('tiles.ndjson', 0), ['ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:0/0']],
    ['and all tiles are gone', pruned, setFile('tiles.ndjson', ''), ['ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:0/0']],
    [
      'and the file of tiles is gone',
      pruned,
      dropFile('tiles.ndjson'),
      ['MALFORMED file:tiles.ndjson', 'ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:0/0'],
    ],
    ['twice, and its first tile is another', twice, setLine('tiles.ndjson', 0, { root: OTHER_HASH }), ['ROOT_MISMATCH checkpoint:2']],
    ['twice, and its second tile is another', twice, setLine('tiles.ndjson', 1, { root: OTHER_HASH }), ['ROOT_MISMATCH checkpoint:4']],
    ['twice, and its second tile is gone', twice, dropLine('tiles.ndjson', 1), ['ROOT_MISMATCH checkpoint:3', 'TILE_MISMATCH tile:0/1']],
    ['twice, and its tiles are gone', twice, setFile('tiles.ndjson', ''), ['ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:0/0 x2']],
    [
      'twice, and its tiles have changed places',
      twice,
      edits(setLine('tiles.ndjson', 0, { index: 1 }), setLine('tiles.ndjson', 1, { index: 0 })),
      ['ROOT_MISMATCH checkpoint:2'],
    ],
    ['and a checkpoint of what is gone is another: nothing can tell', pruned, same, []],
  ])('%s', async (_, files, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  test('with a checkpoint of another root: told only where the root can be computed', async () => {
    await expectBoth(signedAgain(100, 256), []);
    await expectBoth(signedAgain(256, 256), ['ROOT_MISMATCH checkpoint:2']);
    await expectBoth(signedAgain(256, 512), ['ROOT_MISMATCH checkpoint:2']);
    await expectBoth(signedAgain(300, 512), []);
    await expectBoth(signedAgain(512, 512), ['ROOT_MISMATCH checkpoint:4']);
  });

  test('with receipts and anchors of what is gone: passed over, or judged by the tiles', async () => {
    const ledger = longLedger({ minIndex: 512 });
    const kept = (size: number, root: Buffer): string => signCheckpoint(longLedger(), PURGED_MS, { size, root }).note;
    const receipts = [
      { seq: 3, entryHash: OTHER_HASH, checkpointSize: 0 },
      { seq: 511, entryHash: OTHER_HASH, checkpointSize: 0 },
      { seq: 512, entryHash: OTHER_HASH, checkpointSize: 0 },
    ];
    const files: ExportFiles = new Map([
      ...exportFiles(ledger),
      ['receipts.ndjson', receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join('')],
      ['anchors/a.note', kept(300, Buffer.alloc(32))],
      ['anchors/b.note', kept(256, Buffer.alloc(32))],
      ['anchors/c.note', ledger.checkpoints[1]?.note ?? ''],
    ]);
    await expectBoth(files, ['INCONSISTENT_CHECKPOINTS anchor:b.note', 'RECEIPT_NOT_IN_LOG receipt:512']);
  });

  test('a silence of the time that is gone cannot be judged', async () => {
    const silent = (minIndex: number): ExportFiles => {
      // The audit records are there: a missing one might have said why.
      const ledger = longLedger({ minIndex, gone: range(0, 512).filter((seq) => seq % 50 !== 0) });
      for (const { kind, fields } of ledger.entries) if (kind === 1) fields['checkpointSize'] = 0;
      const [first] = ledger.checkpoints.splice(0);
      if (first === undefined) throw new Error('no checkpoint');
      signCheckpoint(ledger, first.at - DAY_MS, { size: 100 });
      signCheckpoint(ledger, PURGED_MS + 5_000);
      return exportFiles(ledger);
    };
    await expectBoth(silent(0), ['MISSING_HEARTBEAT checkpoint:2']);
    await expectBoth(silent(256), []);
  });

  function signedAgain(size: number, minIndex: number): ExportFiles {
    const ledger = longLedger({ minIndex });
    for (const checkpoint of ledger.checkpoints.splice(0)) {
      signCheckpoint(ledger, checkpoint.at, { size: checkpoint.size, ...(checkpoint.size === size ? { root: Buffer.alloc(32) } : {}) });
    }
    return exportFiles(ledger);
  }

  function strayBody(seq: number): string {
    return JSON.stringify({ seq, kind: 3, id: '00000000-0000-4000-8000-000000000000', at: START_MS, retain: 1, fields: {}, body: {} });
  }

  function same(files: ExportFiles): ExportFiles {
    return files;
  }
});

describeVerifiers('tiles of entries that are there', () => {
  const files = long();
  const FILE = 'tiles.ndjson';

  test.each<[string, Edit, Expected]>([
    ['another root', setLine(FILE, 1, { root: OTHER_HASH }), ['TILE_MISMATCH tile:0/1']],
    ['another place', setLine(FILE, 1, { index: 2 }), ['TILE_MISMATCH tile:0/1 x2']],
    ['another level', setLine(FILE, 1, { level: 1 }), ['TILE_MISMATCH tile:0/1 x2']],
    ['one is gone', dropLine(FILE, 0), ['TILE_MISMATCH tile:0/0']],
    ['all are gone', setFile(FILE, ''), ['TILE_MISMATCH tile:0/0 x2']],
    ['the file is gone', dropFile(FILE), ['MALFORMED file:tiles.ndjson', 'TILE_MISMATCH tile:0/0 x2']],
    ['one is there twice', repeatLine(FILE, 1), ['TILE_MISMATCH tile:0/1']],
    [
      'one is there again with another root: the first one counts',
      insertLine(FILE, 2, JSON.stringify({ level: 0, index: 1, root: OTHER_HASH })),
      ['TILE_MISMATCH tile:0/1'],
    ],
    ['one is there before with another root', insertLine(FILE, 1, JSON.stringify({ level: 0, index: 1, root: OTHER_HASH })), ['TILE_MISMATCH tile:0/1 x2']],
    ['one that is not full yet', insertLine(FILE, 2, JSON.stringify({ level: 0, index: 2, root: OTHER_HASH })), ['TILE_MISMATCH tile:0/2']],
    [
      'one far beyond',
      insertLine(FILE, 0, JSON.stringify({ level: 0, index: Number.MAX_SAFE_INTEGER, root: OTHER_HASH })),
      ['TILE_MISMATCH tile:0/9007199254740991'],
    ],
    [
      'one of a level far beyond',
      insertLine(FILE, 2, JSON.stringify({ level: Number.MAX_SAFE_INTEGER, index: 0, root: OTHER_HASH })),
      ['TILE_MISMATCH tile:9007199254740991/0'],
    ],
    ['they have changed places: that is no matter', swapLines(FILE, 0), []],
    ['a root that is none', setLine(FILE, 0, { root: 'none' }), ['MALFORMED file:tiles.ndjson', 'TILE_MISMATCH tile:0/0']],
    ['a level that is none', setLine(FILE, 0, { level: -1 }), ['MALFORMED file:tiles.ndjson', 'TILE_MISMATCH tile:0/0']],
    ['a place that is none', setLine(FILE, 0, { index: null }), ['MALFORMED file:tiles.ndjson', 'TILE_MISMATCH tile:0/0']],
    [
      'an entry of the second one is gone: it is not asked for',
      edits(dropLine('entries.ndjson', 400), dropLine(FILE, 1)),
      ['ENTRY_MISMATCH entry:401', 'GAP entry:400', 'ROOT_MISMATCH checkpoint:4'],
    ],
    [
      'an entry of the second one is another',
      setLine('entries.ndjson', 400, { hash: OTHER_HASH }),
      ['ENTRY_MISMATCH entry:400 x2', 'ROOT_MISMATCH checkpoint:4', 'TILE_MISMATCH tile:0/1'],
    ],
    [
      'the entries of it are gone, which is not what was signed',
      edits(dropLine('entries.ndjson', 300, 221)),
      ['HEAD_MISMATCH head', 'ORPHAN_BODY body:512 x9', 'TRUNCATED checkpoint:4 x15', 'UNEXPLAINED_MISSING entry:0 x300'],
    ],
    [
      'no checkpoint is valid: none is asked for',
      edits(setFile('keys.json', '{"vkeys":[]}'), setFile('deployment.json', 'null')),
      ['BAD_PROOF deployment', 'BAD_SIGNATURE checkpoint:1 x18', 'MISSING_HEARTBEAT checkpoint:19', 'TILE_MISMATCH tile:0/0 x2'],
    ],
    [
      'the last checkpoint is of fewer',
      editLine('checkpoints.ndjson', 17, () => JSON.stringify(fewer())),
      ['BAD_PROOF deployment', 'HEAD_MISMATCH head', 'INCONSISTENT_CHECKPOINTS checkpoint:18', 'TILE_MISMATCH tile:0/1'],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  function fewer(): object {
    const ledger = longLedger();
    const last = ledger.checkpoints.pop();
    return signCheckpoint(ledger, last?.at ?? 0, { size: 300 });
  }

  test('of a ledger with none: none may be there', async () => {
    const small = exportFiles(smallLedger());
    await expectBoth(insertLine(FILE, 0, JSON.stringify({ level: 0, index: 0, root: OTHER_HASH }))(small), ['TILE_MISMATCH tile:0/0']);
  });
});
