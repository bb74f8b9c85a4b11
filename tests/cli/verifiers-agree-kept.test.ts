import { append, createTestLedger, deploymentLeaf, exportFiles, originOf, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles } from '../support/ledger-export.ts';
import { auditRecord } from '../support/ledger-export-records.ts';
import { longLedger, smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import { dropFile, edits, flipAt, lineOf, setFile, setJson, setLine, swapLines } from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { signedNote, testKey } from '../support/note-signer.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_HASH = 'c'.repeat(64);
const small = smallLedger();
const files = withKept(small);
const LATER_MS = START_MS + 3_700_000;
/** Unicode White_Space, and what regular expressions or trimming of one language or another take for it as well. */
const WHITE_SPACE = Array.from('\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000');
const NO_WHITE_SPACE = Array.from('\u0000\u0008\u000e\u001b\u001c\u001d\u001e\u001f\u180e\u200b\u2060\ufeff');

describeVerifiers('a receipt', () => {
  const set = (members: object): Edit => setLine('receipts.ndjson', 1, members);

  test.each<[string, Edit, Expected]>([
    ['of another hash', set({ entryHash: OTHER_HASH }), ['RECEIPT_NOT_IN_LOG receipt:7']],
    ['of another entry', set({ seq: 8 }), ['RECEIPT_NOT_IN_LOG receipt:8']],
    ['of the entry after the last', set({ seq: 11 }), ['RECEIPT_NOT_IN_LOG receipt:11']],
    ['of an entry far beyond', set({ seq: Number.MAX_SAFE_INTEGER }), [`RECEIPT_NOT_IN_LOG receipt:${Number.MAX_SAFE_INTEGER}`]],
    ['of the newest checkpoint', set({ checkpointSize: 11 }), []],
    ['of a checkpoint that is not there', set({ checkpointSize: 12 }), ['TRUNCATED receipt:7']],
    ['of neither', set({ entryHash: OTHER_HASH, checkpointSize: 12 }), ['RECEIPT_NOT_IN_LOG receipt:7', 'TRUNCATED receipt:7']],
    ['before another, in any order', swapLines('receipts.ndjson', 0), []],
    ['of which several are wrong', edits(set({ entryHash: OTHER_HASH }), setLine('receipts.ndjson', 0, { seq: 2 })), ['RECEIPT_NOT_IN_LOG receipt:2 x2']],
    ['whose number is none', set({ seq: '7' }), ['MALFORMED file:receipts.ndjson']],
    ['whose hash is none', set({ entryHash: 'none' }), ['MALFORMED file:receipts.ndjson']],
    ['whose size is missing', set({ checkpointSize: undefined }), ['MALFORMED file:receipts.ndjson']],
    ['of nobody', setFile('receipts.ndjson', ''), []],
    ['in no file', dropFile('receipts.ndjson'), []],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  test('in another place', async () => {
    const elsewhere = setFile('kept/other.txt', `${JSON.stringify({ seq: 1, entryHash: OTHER_HASH, checkpointSize: 0 })}\nx\n`);
    await expectBoth(elsewhere(files), ['MALFORMED file:receipts.ndjson', 'RECEIPT_NOT_IN_LOG receipt:1'], ['--receipts', 'DIR/kept/other.txt']);
  });
});

describeVerifiers('a checkpoint kept elsewhere', () => {
  const anchor = (note: string | Buffer): Edit => setFile('anchors/second.note', note);
  const first = small.checkpoints[1]?.note ?? '';

  test.each<[string, string | Buffer, Expected]>([
    ['of another root', signCheckpoint(smallLedger(), LATER_MS, { root: Buffer.alloc(32) }).note, ['INCONSISTENT_CHECKPOINTS anchor:second.note']],
    ['of a size that nothing here is of', signCheckpoint(smallLedger(), LATER_MS, { size: 4 }).note, []],
    [
      'of such a size, and another root',
      signCheckpoint(smallLedger(), LATER_MS, { size: 4, root: Buffer.alloc(32) }).note,
      ['INCONSISTENT_CHECKPOINTS anchor:second.note'],
    ],
    ['of no entries', signCheckpoint(smallLedger(), LATER_MS, { size: 0 }).note, []],
    [
      'of no entries, and another root',
      signCheckpoint(smallLedger(), LATER_MS, { size: 0, root: Buffer.alloc(32) }).note,
      ['INCONSISTENT_CHECKPOINTS anchor:second.note'],
    ],
    ['of more entries', signCheckpoint(smallLedger(), LATER_MS, { size: 12, root: Buffer.alloc(32) }).note, ['TRUNCATED anchor:second.note']],
    ['of another organisation', otherOrganisation(), ['BAD_SIGNATURE anchor:second.note']],
    ['of another key', signCheckpoint(smallLedger({ seed: 'stranger' }), LATER_MS).note, ['BAD_SIGNATURE anchor:second.note']],
    ['of which a letter is another', flipAt(first, first.length - 20), ['BAD_SIGNATURE anchor:second.note']],
    ['that is no note', 'kept for later\n', ['BAD_SIGNATURE anchor:second.note']],
    ['that is empty', '', ['BAD_SIGNATURE anchor:second.note']],
    ['that is no UTF-8', Buffer.concat([Buffer.from(first), Buffer.of(0xff)]), ['BAD_SIGNATURE anchor:second.note']],
    ['with the mark of a byte order', `\uFEFF${first}`, ['BAD_SIGNATURE anchor:second.note']],
    ['of any time', signCheckpoint(smallLedger(), 1_000).note, []],
  ])('%s', async (_, note, expected) => {
    await expectBoth(anchor(note)(files), expected);
  });

  test('several wrong ones are counted by sort, the first by name', async () => {
    const wrong = edits(setFile('anchors/a.note', 'a'), setFile('anchors/z.note', 'z'), setFile('anchors/b.txt', 'not a note by its name'));
    await expectBoth(wrong(files), ['BAD_SIGNATURE anchor:a.note x2']);
  });

  test('in another place, instead of the ones here', async () => {
    await expectBoth(
      edits(anchor('spoilt'), setFile('kept/mine.note', first), setFile('kept/other.note', ''))(files),
      ['BAD_SIGNATURE anchor:other.note'],
      ['--anchors', 'DIR/kept'],
    );
  });

  test('beside a ledger with a gap: not judged beyond it', async () => {
    await expectBoth(
      setLine('entries.ndjson', 3, { kind: 9 })(edits(anchor(signCheckpoint(smallLedger(), LATER_MS, { root: Buffer.alloc(32) }).note))(files)),
      ['ENTRY_MISMATCH entry:4', 'GAP entry:3', 'MALFORMED file:entries.ndjson', 'ORPHAN_BODY body:3', 'ROOT_MISMATCH checkpoint:1'],
    );
  });

  function otherOrganisation(): string {
    const other = createTestLedger({ org: '0190bbbb-0000-7000-8000-00000000000b' });
    append(other, auditRecord({ type: 'organization.created', atMs: START_MS }));
    return signCheckpoint(other, LATER_MS).note;
  }
});

describeVerifiers('keys.json', () => {
  const [log, time, deployment] = small.listedKeys as [Key, Key, Key];
  const keys = (...vkeys: readonly unknown[]): Edit => setFile('keys.json', JSON.stringify({ vkeys }));
  const named = (character: string): Key => ({ vkey: testKey(`other${character}name`, 1, 'other').vkey, use: 'log' });
  const WITHOUT_LOG = ['BAD_SIGNATURE anchor:first.note x2', 'BAD_SIGNATURE checkpoint:1 x4'];
  const SILENT = ['MISSING_HEARTBEAT checkpoint:5', 'TRUNCATED receipt:7 x2'];
  const NO_LOG = [...WITHOUT_LOG, ...SILENT];
  const BAD_LOG = [...WITHOUT_LOG, 'MALFORMED file:keys.json', ...SILENT];
  const NO_TIME = [...WITHOUT_LOG, 'BAD_SIGNATURE deployment', ...SILENT];
  const BAD_TIME = [...WITHOUT_LOG, 'BAD_SIGNATURE deployment', 'MALFORMED file:keys.json', ...SILENT];

  test.each<[string, Edit, Expected]>([
    ['without the key of the log', keys(time, deployment), NO_LOG],
    ['without the key of time', keys(log, deployment), NO_TIME],
    ['without the key of the deployment', keys(log, time), ['BAD_SIGNATURE deployment']],
    ['in another order, each of them twice', keys(deployment, time, log, log, time, deployment), []],
    ['with another key', keys(log, time, deployment, { vkey: testKey('other.example.com', 1, 'other').vkey, use: 'log' }), []],
    ['with another key of the same name', keys({ vkey: testKey(originOf(small), 1, 'other').vkey, use: 'log' }, log, time, deployment), []],
    ['with a key that is none', keys(log, time, deployment, { vkey: 'none', use: 'log' }), ['MALFORMED file:keys.json']],
    ['with names of what is no white space, though some take it for such', keys(log, time, deployment, ...NO_WHITE_SPACE.map(named)), []],
    ['with names of every white space', keys(log, time, deployment, ...WHITE_SPACE.map(named)), ['MALFORMED file:keys.json x25']],
    ['with a name that is half a surrogate pair', keys(log, time, deployment, named('\ud800')), ['MALFORMED file:keys.json']],
    ['with several that are none', keys(log, null, time, 'x', deployment, { vkey: time.vkey, use: 'witness' }), ['MALFORMED file:keys.json x3']],
    ['with the id of another key', keys({ ...log, vkey: flipAt(log.vkey, log.vkey.indexOf('+') + 2) }, time, deployment), BAD_LOG],
    ['with the name of another key', keys({ ...log, vkey: `x${log.vkey}` }, time, deployment), BAD_LOG],
    ['with a key of which a letter is another', keys(log, { ...time, vkey: flipAt(time.vkey, time.vkey.length - 10) }, deployment), BAD_TIME],
    [
      'with an id in capitals',
      keys({ ...log, vkey: log.vkey.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase()) }, time, deployment),
      /\+\d{8}\+/.test(log.vkey) ? 'unreadable' : BAD_LOG,
    ],
    ['with the log’s key for time', keys({ ...log, use: 'time' }, time, deployment), BAD_LOG],
    ['with the key of time for the log', keys(log, { ...time, use: 'log' }, deployment), BAD_TIME],
    ['with the log’s key for the deployment', keys({ ...log, use: 'deployment' }, time, deployment), NO_LOG],
    ['with the key of the deployment for the log', keys(log, time, { ...deployment, use: 'log' }), ['BAD_SIGNATURE deployment']],
    ['without a use', keys(log, time, { vkey: deployment.vkey }), ['BAD_SIGNATURE deployment', 'MALFORMED file:keys.json']],
    ['of none', keys(), NO_TIME],
    ['that is no list', setFile('keys.json', '{"vkeys":{}}'), BAD_TIME],
    ['that is no object', setFile('keys.json', '[]'), BAD_TIME],
    ['that is no JSON', setFile('keys.json', 'none'), BAD_TIME],
    ['that is not there', dropFile('keys.json'), BAD_TIME],
    ['with members that are not known', setJson('keys.json', { comment: 'none' }), []],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  const given = (...used: readonly Key[]): string[] => used.flatMap(({ vkey }) => ['--vkey', vkey]);

  test('counts for nothing where keys are given', async () => {
    await expectBoth(dropFile('keys.json')(files), [], given(log, time, deployment));
    await expectBoth(keys()(files), [], given(time, deployment, log));
    await expectBoth(files, ['BAD_SIGNATURE deployment'], given(log, time));
    await expectBoth(files, NO_LOG, given(time, deployment));
    await expectBoth(files, NO_TIME, given(log, deployment));
  });
});

interface Key {
  vkey: string;
  use: string;
}

describeVerifiers('deployment.json', () => {
  const deployment = lineOf<{ note: string; number: number; index: number; proof: string[] }>(files, 'deployment.json', 0);
  const set = (members: object): Edit => setJson('deployment.json', members);
  const [sibling = '', ...above] = deployment.proof;
  const host = 'ledger.example.com';
  const signed = (changes: Partial<Parameters<typeof signedNote>[0]>): string =>
    signedNote({
      origin: `${host}/mg/deployment`,
      size: 1,
      root: deploymentLeaf(small.checkpoints[3]?.note ?? ''),
      seconds: 1_767_300_000,
      keys: [small.deploymentKey, small.timeKey],
      ...changes,
    });

  /** The newest checkpoint has a line of half a surrogate pair, and the proof is of what most encoders make of it. */
  function withHalfCharacter(): ExportFiles {
    const ledger = smallLedger();
    const newest = ledger.checkpoints[3];
    if (newest === undefined) throw new Error('no checkpoint 4');
    newest.note += '— witness\ud800 AAAAAAAA\n';
    return exportFiles(ledger);
  }

  test.each<[string, Edit, Expected]>([
    ['of a log with one leaf', set({ note: signed({}), index: 0, proof: [] }), []],
    ['that has none', setFile('deployment.json', 'null'), ['BAD_PROOF deployment']],
    ['of another checkpoint', set({ number: 3 }), ['BAD_PROOF deployment']],
    ['of a checkpoint that is not there', set({ number: 99 }), ['BAD_PROOF deployment']],
    ['of another place', set({ index: 3 }), ['BAD_PROOF deployment']],
    ['of a place beyond', set({ index: 5 }), ['BAD_PROOF deployment']],
    ['of a place far beyond', set({ index: Number.MAX_SAFE_INTEGER }), ['BAD_PROOF deployment']],
    ['of a checkpoint that is no text', () => withHalfCharacter(), ['BAD_PROOF deployment']],
    ['with another hash', set({ proof: [OTHER_HASH, ...above] }), ['BAD_PROOF deployment']],
    ['with a hash too few', set({ proof: above }), ['BAD_PROOF deployment']],
    ['with a hash too many', set({ proof: [sibling, ...above, OTHER_HASH] }), ['BAD_PROOF deployment']],
    ['with hashes in another order', set({ proof: [...above, sibling] }), ['BAD_PROOF deployment']],
    ['with no hashes', set({ proof: [] }), ['BAD_PROOF deployment']],
    ['with very many hashes', set({ proof: Array.from({ length: 1_000 }, () => OTHER_HASH) }), ['BAD_PROOF deployment']],
    ['of another root', set({ note: signed({ size: 5, root: Buffer.alloc(32) }) }), ['BAD_PROOF deployment']],
    ['of no leaves', set({ note: signed({ size: 0 }), index: 0, proof: [] }), ['BAD_PROOF deployment']],
    ['with a note of which a letter is another', set({ note: flipAt(deployment.note, deployment.note.length - 20) }), ['BAD_SIGNATURE deployment']],
    ['with a note of another host', set({ note: signed({ origin: 'ledger.example.org/mg/deployment' }) }), ['BAD_SIGNATURE deployment']],
    ['with a note of the organisation', set({ note: small.checkpoints[3]?.note }), ['BAD_SIGNATURE deployment']],
    ['with a note that the log’s key signed', set({ note: signed({ keys: [...small.logKeys, small.timeKey] }) }), ['BAD_SIGNATURE deployment']],
    ['with a note without a time', set({ note: signed({ keys: [small.deploymentKey] }) }), ['BAD_SIGNATURE deployment']],
    ['with no note', set({ note: null }), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['with a number that is none', set({ number: '4' }), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['with a place that is none', set({ index: -1 }), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['with a proof that is none', set({ proof: null }), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['with a hash that is none', set({ proof: [sibling.toUpperCase(), ...above] }), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['that is a list', setFile('deployment.json', '[]'), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['that is no JSON', setFile('deployment.json', ''), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
    ['that is not there', dropFile('deployment.json'), ['BAD_PROOF deployment', 'MALFORMED file:deployment.json']],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  test('of a checkpoint whose note is another', async () => {
    const spoilt: ExportFiles = setLine('checkpoints.ndjson', 3, { note: longLedger().checkpoints[0]?.note })(files);
    await expectBoth(spoilt, ['BAD_PROOF deployment', 'BAD_SIGNATURE checkpoint:4']);
  });
});
