import { append, createTestLedger, exportFiles, rehash, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles, TestLedger } from '../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../support/ledger-export-records.ts';
import { keptElsewhere, longLedger, smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import { dropFile, editText, edits, flipAt, setFile, setJson, setLine } from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { testKey } from '../support/note-signer.ts';
import { agreed, describeVerifiers, expectBoth, expectBothCommands, judge } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_HASH = 'c'.repeat(64);
const small = smallLedger();
const smallFiles = withKept(small);

/** 70,000 entries: more than a tile of level 1 spans. */
function largeLedger(): TestLedger {
  const ledger = createTestLedger({ seed: 'large' });
  for (let seq = 0; seq < 70_000; seq += 1) {
    append(ledger, {
      kind: 3,
      body: `{"actor":"system","target":null,"type":"n.${seq}"}`,
      fields: { type: `n.${seq}`, actor: 'system', target: null },
      atMs: START_MS + seq,
      retainDays: 0,
    });
    if (seq === 65_535) signCheckpoint(ledger, START_MS + seq);
  }
  ledger.exportedAt = START_MS + 80_000;
  return ledger;
}

/** The same with all but the newest entries pruned: 256 tiles and the one above them are left of them. */
function prunedLedger(): TestLedger {
  const ledger = largeLedger();
  const anchorHash = ledger.entries[65_535]?.hash ?? null;
  append(ledger, auditRecord({ type: 'ledger.purged', atMs: START_MS + 75_000, details: purgeDetails({ upTo: 65_536, minIndex: 65_536, anchorHash }) }));
  signCheckpoint(ledger, START_MS + 75_000);
  ledger.minIndex = 65_536;
  return ledger;
}

/** The key is replaced between the second and the fourth checkpoint; the third carries both signatures. */
function rotatedLedger(): TestLedger {
  const ledger = smallLedger();
  const old = ledger.logKeys;
  const next = testKey(`${ledger.host}/mg/org/${ledger.org}`, 1, 'two log');
  ledger.listedKeys.push({ vkey: next.vkey, use: 'log' });
  ledger.checkpoints.splice(2);
  ledger.logKeys = [...old, next];
  signCheckpoint(ledger, START_MS + 75_300);
  ledger.logKeys = [next];
  signCheckpoint(ledger, START_MS + 3_675_400);
  return ledger;
}

/** History from entry 4 on is another one. Checkpoints are those of before unless `signs`: then whoever rewrote it has the keys. */
function rewritten({ signs }: { signs: boolean }): ExportFiles {
  const ledger = smallLedger();
  const entry = ledger.entries[4];
  if (entry === undefined) throw new Error('no entry 4');
  entry.text = entry.text.replace('"HITL"', '"ALLOW"');
  entry.fields['value'] = 'ALLOW';
  rehash(ledger);
  if (signs) {
    for (const { size, at } of ledger.checkpoints.splice(0)) signCheckpoint(ledger, at, { size });
  }
  return new Map([...exportFiles(ledger), ...keptElsewhere(small)]);
}

describeVerifiers('an export that is as it should be', () => {
  test.each<[string, () => ExportFiles, object]>([
    ['a small one with receipts and anchors', () => smallFiles, { entries: 11, bodies: 11, missingBodies: 0, checkpoints: 4 }],
    ['a small one without', () => exportFiles(small), { entries: 11 }],
    ['an empty one', () => exportFiles(createTestLedger()), { entries: 0, bodies: 0, missingBodies: 0, checkpoints: 0 }],
    ['one of 70,000 entries', () => signedLast(largeLedger()), { entries: 70_000, bodies: 70_000, checkpoints: 2 }],
    ['one of which all but the newest entries are pruned', () => exportFiles(prunedLedger()), { entries: 4_465, missingBodies: 0, checkpoints: 2 }],
    ['a purged one', () => exportFiles(longLedger()), { entries: 521, bodies: 9, missingBodies: 512 }],
    ['a purged one, pruned below 256', () => exportFiles(longLedger({ minIndex: 256 })), { entries: 265, bodies: 9, missingBodies: 256 }],
    ['a purged one, pruned below 512', () => exportFiles(longLedger({ minIndex: 512 })), { entries: 9, bodies: 9, missingBodies: 0 }],
    ['one whose host ends like an origin of its own', () => exportFiles(smallLedger({ host: `ledger.example.com/mg/org/${small.org}` })), { checkpoints: 4 }],
    ['one whose key was replaced', () => exportFiles(rotatedLedger()), { checkpoints: 4 }],
  ])('has no findings: %s', async (_, files, counts) => {
    const { result } = await expectBoth(files(), []);
    expect(result).toMatchObject({ v: 1, org: small.org, ...counts });
  });

  function signedLast(ledger: TestLedger): ExportFiles {
    signCheckpoint(ledger, START_MS + 70_500);
    return exportFiles(ledger);
  }

  test('the commands as people call them say the same, with their exit codes', async () => {
    await expectBothCommands(smallFiles, []);
    await expectBothCommands(
      dropFile('keys.json')(smallFiles),
      [],
      small.listedKeys.flatMap(({ vkey }) => ['--vkey', vkey]),
    );
    await expectBothCommands(setFile('deployment.json', '')(smallFiles), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']);
    await expectBothCommands(dropFile('export.json')(smallFiles), 'unreadable');
    await expectBothCommands(smallFiles, 'unreadable', ['--receipts', 'DIR/none.ndjson']);
  });

  test('the order of findings is that of their codes and sorts', async () => {
    const verdicts = await judge(rewritten({ signs: false }), ['DIR', '--json', '--vkey', small.timeKey.vkey]);
    const order = verdicts.python.findings.map((finding) => finding.split(/:| x/)[0]);
    expect(order).toHaveLength(6);
    expect(order).toEqual(order.toSorted((a = '', b = '') => (a < b ? -1 : 1)));
    agreed(verdicts, verdicts.python.findings);
  });
});

describeVerifiers('tiles of level 1', () => {
  const tileLine = (level: number, index: number): number => (level === 0 ? index : 273 + index);
  const pruned = exportFiles(prunedLedger());

  test.each<[string, Edit, Expected]>([
    ['another root', setLine('tiles.ndjson', tileLine(1, 0), { root: OTHER_HASH }), ['TILE_MISMATCH tile:1/0']],
    [
      'a given root below is another one',
      setLine('tiles.ndjson', tileLine(0, 5), { root: OTHER_HASH }),
      ['ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:1/0'],
    ],
    ['a root of level 2 that cannot be', setLine('tiles.ndjson', tileLine(1, 0), { level: 2 }), ['TILE_MISMATCH tile:1/0 x2']],
    ['a root of level 6, which no tree reaches', setLine('tiles.ndjson', tileLine(0, 272), { level: 6, index: 0 }), ['TILE_MISMATCH tile:0/272 x2']],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(pruned), expected);
  });
});

describeVerifiers('history that was rewritten', () => {
  test('with fresh hashes and the checkpoints of before', async () => {
    await expectBoth(rewritten({ signs: false }), [
      'INCONSISTENT_CHECKPOINTS anchor:first.note x2',
      'RECEIPT_NOT_IN_LOG receipt:7 x2',
      'ROOT_MISMATCH checkpoint:1',
    ]);
  });

  test('with the signing keys too: only what is kept elsewhere shows it', async () => {
    const files = rewritten({ signs: true });
    await expectBoth(files, ['INCONSISTENT_CHECKPOINTS anchor:first.note x2', 'RECEIPT_NOT_IN_LOG receipt:7 x2']);
    await expectBoth(edits(dropFile('anchors/first.note'), dropFile('anchors/second.note'), dropFile('receipts.ndjson'))(files), []);
  });

  test('with keys of its own: keys known before show it', async () => {
    const files = exportFiles(smallLedger({ seed: 'stranger' }));
    await expectBoth(files, []);
    const known = small.listedKeys.flatMap(({ vkey }) => ['--vkey', vkey]);
    await expectBoth(files, ['BAD_SIGNATURE checkpoint:1 x4', 'BAD_SIGNATURE deployment', 'MISSING_HEARTBEAT checkpoint:5'], known);
  });
});

describeVerifiers('export.json', () => {
  const other = '0190bbbb-0000-7000-8000-00000000000b';
  const header = { nextSeq: 11, head: small.entries[10]?.hash, lastAt: small.entries[10]?.at, checkpointSize: 11 };
  const headed = (members: object): Edit => setJson('export.json', { head: { ...header, ...members } });

  test.each<[string, Edit, Expected]>([
    ['there is none', dropFile('export.json'), 'unreadable'],
    ['it is no JSON', setFile('export.json', '{'), 'unreadable'],
    ['it is a list', setFile('export.json', '[]'), 'unreadable'],
    ['another format', setJson('export.json', { format: 'other' }), 'unreadable'],
    ['another version', setJson('export.json', { v: 2 }), 'unreadable'],
    ['an organisation that is no UUID', setJson('export.json', { org: 'acme' }), 'unreadable'],
    ['another organisation than the origin', setJson('export.json', { org: other }), 'unreadable'],
    ['an origin without a host', setJson('export.json', { origin: `/mg/org/${small.org}` }), 'unreadable'],
    ['an origin of another organisation', setJson('export.json', { origin: `ledger.example.com/mg/org/${other}` }), 'unreadable'],
    ['an origin with something after the organisation', setJson('export.json', { origin: `ledger.example.com/mg/org/${small.org}/1` }), 'unreadable'],
    ['no time', setJson('export.json', { exportedAt: null }), 'unreadable'],
    ['a size that is no number', setJson('export.json', { size: '11' }), 'unreadable'],
    ['a minimum that is no multiple of 256', setJson('export.json', { minIndex: 8, anchorHash: OTHER_HASH }), 'unreadable'],
    ['a minimum without its hash', setJson('export.json', { minIndex: 256 }), 'unreadable'],
    ['a hash without its minimum', setJson('export.json', { anchorHash: OTHER_HASH }), 'unreadable'],
    ['no head', setJson('export.json', { head: null }), 'unreadable'],
    ['a head without a hash', headed({ head: null }), 'unreadable'],
    ['another size', setJson('export.json', { size: 12 }), ['HEAD_MISMATCH head']],
    ['another number of entries', headed({ nextSeq: 12 }), ['HEAD_MISMATCH head']],
    ['another last hash', headed({ head: OTHER_HASH }), ['HEAD_MISMATCH head']],
    ['another last time', headed({ lastAt: START_MS }), ['HEAD_MISMATCH head']],
    ['no last time', headed({ lastAt: null }), ['HEAD_MISMATCH head']],
    ['another size of the last checkpoint', headed({ checkpointSize: 9 }), ['HEAD_MISMATCH head']],
    ['everything in it another', headed({ nextSeq: 1, head: OTHER_HASH, lastAt: null, checkpointSize: 0 }), ['HEAD_MISMATCH head']],
    ['spaces and an LF around it', editText('export.json', (text) => ` ${text.replaceAll(',', ' ,\n')}\n`), []],
    ['such around the other files', edits(...['keys.json', 'deployment.json'].map((name) => editText(name, (text) => ` ${text}\r\n`))), []],
    ['members that are not known', setJson('export.json', { comment: 'none' }), []],
    [
      'another host: whose checkpoints are these',
      setJson('export.json', { origin: `other.example.com/mg/org/${small.org}` }),
      [
        'BAD_SIGNATURE anchor:first.note x2',
        'BAD_SIGNATURE checkpoint:1 x4',
        'BAD_SIGNATURE deployment',
        'MISSING_HEARTBEAT checkpoint:5',
        'TRUNCATED receipt:7 x2',
      ],
    ],
    [
      'another organisation throughout',
      setJson('export.json', { org: other, origin: `ledger.example.com/mg/org/${other}` }),
      [
        'BAD_SIGNATURE anchor:first.note x2',
        'BAD_SIGNATURE checkpoint:1 x4',
        'ENTRY_MISMATCH entry:0 x11',
        'MISSING_HEARTBEAT checkpoint:5',
        'TRUNCATED receipt:7 x2',
      ],
    ],
    [
      'a minimum above all entries',
      setJson('export.json', { minIndex: 256, anchorHash: OTHER_HASH }),
      ['DUPLICATE_SEQ entry:0 x11', 'ENTRY_MISMATCH entry:0', 'GAP entry:0', 'HEAD_MISMATCH head', 'ORPHAN_BODY body:0 x11', 'ROOT_MISMATCH checkpoint:1'],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(smallFiles), expected);
  });

  test('a directory, a file or a key that is not there', async () => {
    await expectBoth(new Map(), 'unreadable');
    await expectBoth(smallFiles, 'unreadable', ['--receipts', 'DIR/none.ndjson']);
    await expectBoth(smallFiles, 'unreadable', ['--anchors', 'DIR/none']);
    await expectBoth(smallFiles, 'unreadable', ['--receipts', 'DIR']);
    await expectBoth(smallFiles, 'unreadable', ['--anchors', 'DIR/export.json']);
    await expectBoth(smallFiles, 'unreadable', ['--anchors', 'DIR']);
    await expectBoth(smallFiles, 'unreadable', ['--vkey', 'no key']);
    await expectBoth(smallFiles, 'unreadable', ['--vkey', flipAt(small.timeKey.vkey, small.timeKey.vkey.indexOf('+') + 1)]);
  });
});
