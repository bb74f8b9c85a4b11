import { append, exportFiles, originOf, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles, TestLedger } from '../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../support/ledger-export-records.ts';
import { HOUR_MS, smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import {
  dropFile,
  dropLine,
  editLine,
  edits,
  flipAt,
  lineOf,
  repeatLine,
  replaceInLine,
  setFile,
  setJson,
  setLine,
  swapLines,
} from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { signatureLine, testKey } from '../support/note-signer.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_HASH = 'c'.repeat(64);
const FILE = 'checkpoints.ndjson';
const small = smallLedger();
const files = withKept(small);
const set = (members: object): Edit => setLine(FILE, 1, members);
const noteOf = (index: number): string => lineOf<{ note: string }>(files, FILE, index).note;
/** The note of checkpoint 2, of nine entries, at 65 s. */
const second = noteOf(1);
const [, secondLog = '', secondTime = ''] = /\n\n(.*\n)(.*\n)$/.exec(second) ?? [];
const secondText = second.slice(0, second.indexOf('\n\n') + 1);
const stranger = testKey(originOf(small), 1, 'stranger');
const witness = testKey('witness.example.com/w1', 4, 'witness');

describeVerifiers('a checkpoint of which one column is another', () => {
  test.each<[string, Edit, Expected]>([
    ['its number', set({ number: 5 }), ['CHECKPOINT_MISSING checkpoint:2 x2']],
    ['its size', set({ size: 10 }), ['PROJECTION_MISMATCH checkpoint:2', 'PROJECTION_MISMATCH entry:10']],
    ['its root', set({ root: OTHER_HASH }), ['PROJECTION_MISMATCH checkpoint:2']],
    ['its time, 60 s after the signed one', set({ at: START_MS + 65_000 + 60_000 }), []],
    ['its time, later than that', set({ at: START_MS + 65_000 + 60_001 }), ['PROJECTION_MISMATCH checkpoint:2']],
    ['its time, 60 s before the signed one', set({ at: START_MS + 65_000 - 60_000 }), []],
    ['its time, earlier than that', set({ at: START_MS + 65_000 - 60_001 }), ['PROJECTION_MISMATCH checkpoint:2']],
    ['everything but the note: found once', set({ size: 9, root: OTHER_HASH, at: 0 }), ['PROJECTION_MISMATCH checkpoint:2']],
    ['the size of the last one', setLine(FILE, 3, { size: 12 }), ['HEAD_MISMATCH head', 'PROJECTION_MISMATCH checkpoint:4']],
    ['its note: that of another checkpoint', set({ note: noteOf(2) }), ['PROJECTION_MISMATCH checkpoint:2']],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

describeVerifiers('checkpoints that are not what was written', () => {
  test.each<[string, Edit, Expected]>([
    ['the first is gone', dropLine(FILE, 0), ['CHECKPOINT_MISSING checkpoint:1', 'PROJECTION_MISMATCH entry:7']],
    ['one is gone', dropLine(FILE, 1), ['CHECKPOINT_MISSING checkpoint:2', 'PROJECTION_MISMATCH entry:10']],
    ['one is gone whose size stands again', dropLine(FILE, 2), ['CHECKPOINT_MISSING checkpoint:3']],
    ['one is there twice', repeatLine(FILE, 1), ['CHECKPOINT_MISSING checkpoint:3']],
    [
      'two have changed places',
      swapLines(FILE, 1),
      ['CHECKPOINT_MISSING checkpoint:2 x3', 'INCONSISTENT_CHECKPOINTS checkpoint:2', 'TIME_REGRESSION checkpoint:2'],
    ],
    ['the last heartbeat is gone: the deployment log has it', dropLine(FILE, 3), ['BAD_PROOF deployment']],
    [
      'the tail is cut off',
      dropLine(FILE, 1, 3),
      ['BAD_PROOF deployment', 'HEAD_MISMATCH head', 'MISSING_HEARTBEAT checkpoint:2', 'PROJECTION_MISMATCH entry:10', 'TRUNCATED receipt:10'],
    ],
    [
      'all of them are gone',
      setFile(FILE, ''),
      ['BAD_PROOF deployment', 'HEAD_MISMATCH head', 'MISSING_HEARTBEAT checkpoint:1', 'PROJECTION_MISMATCH entry:7 x2', 'TRUNCATED receipt:7 x2'],
    ],
    [
      'the file is gone',
      dropFile(FILE),
      [
        'BAD_PROOF deployment',
        'HEAD_MISMATCH head',
        'MALFORMED file:checkpoints.ndjson',
        'MISSING_HEARTBEAT checkpoint:1',
        'PROJECTION_MISMATCH entry:7 x2',
        'TRUNCATED receipt:7 x2',
      ],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });

  test.each<[string, Edit]>([
    ['a number that is none', set({ number: '2' })],
    ['a size that is none', set({ size: null })],
    ['a root in base64', set({ root: Buffer.from(OTHER_HASH, 'hex').toString('base64') })],
    ['a time that is none', set({ at: '2026' })],
    ['a note that is none', set({ note: null })],
    ['cut', editLine(FILE, 1, (text) => text.slice(0, -30))],
  ])('a line is left out: %s', async (_, edit) => {
    await expectBoth(edit(files), ['CHECKPOINT_MISSING checkpoint:2', 'MALFORMED file:checkpoints.ndjson', 'PROJECTION_MISMATCH entry:10']);
  });
});

describeVerifiers('a note', () => {
  const base64At = (signature: string, offset: number): string => flipAt(signature, signature.lastIndexOf(' ') + 1 + offset);

  test.each<[string, string]>([
    ['of another origin', second.replace('ledger.example.com', 'ledger.example.org')],
    ['of another origin that the key signed', signCheckpoint(smallLedger(), START_MS + 65_200, { size: 9, origin: 'ledger.example.com/mg/other' }).note],
    ['of another size', second.replace('\n9\n', '\n8\n')],
    ['of another root', flipAt(second, secondText.length - 10)],
    ['with another signature', `${secondText}\n${base64At(secondLog, 40)}${secondTime}`],
    ['with another key id', `${secondText}\n${base64At(secondLog, 1)}${secondTime}`],
    ['with another time', `${secondText}\n${secondLog}${base64At(secondTime, 14)}`],
    ['with another signature of the time', `${secondText}\n${secondLog}${base64At(secondTime, 40)}`],
    ['without a signature of the log', `${secondText}\n${secondTime}`],
    ['without a signed time', `${secondText}\n${secondLog}`],
    ['without signatures', `${secondText}\n`],
    ['without an empty line', `${secondText}${secondLog}${secondTime}`],
    ['without its last LF', second.slice(0, -1)],
    ['with an empty line at its end', `${second}\n`],
    ['with an empty line between signatures', `${secondText}\n${secondLog}\n${secondTime}`],
    ['with an extension line, signed', extended()],
    ['with a leading zero', signedText(`${originOf(small)}\n09\n${secondText.split('\n')[2] ?? ''}\n`)],
    ['with a size that is no number', signedText(`${originOf(small)}\n+9\n${secondText.split('\n')[2] ?? ''}\n`)],
    ['with a short root', signedText(`${originOf(small)}\n9\n${Buffer.alloc(31).toString('base64')}\n`)],
    ['with a root that is not padded', signedText(secondText.replace('=', ''))],
    ['with a root of spare bits', signedText(secondText.replace(/.=\n$/, (end) => `${end.startsWith('A') ? 'B' : 'A'}=\n`).replace(/A=\n$/, 'B=\n'))],
    ['with a carriage return', signedText(secondText.replaceAll('\n', '\r\n'))],
    ['with a tab in it', signedText(secondText.replace('/mg', '\t/mg'))],
    ['with a signature line of another dash', second.replace('— ', '- ')],
    ['with a signature line of two spaces', second.replace('— ', '—  ')],
    ['with a signature that is no base64', `${secondText}\n${secondLog.slice(0, -2)}!\n${secondTime}`],
    ['with a signature line of nothing', `${second}— witness.example.com/w1 \n`],
    ['with four bytes for a signature', `${second}— witness.example.com/w1 AAAAAA==\n`],
    ['with a line that is no signature', `${second}comment\n`],
    ['with a second signature of the log that is another', `${second}${base64At(secondLog, 40)}`],
    ['with a signature of a stranger under the name of the log', `${secondText}\n${signatureLine(stranger, secondText, 0)}${secondTime}`],
    [
      'with a signature of the log cut short',
      `${secondText}\n— ${originOf(small)} ${Buffer.concat([small.logKeys[0]?.id ?? Buffer.of(), Buffer.alloc(63)]).toString('base64')}\n${secondTime}`,
    ],
    [
      'with a time but no signature of it',
      `${secondText}\n${secondLog}— ${small.timeKey.name} ${Buffer.concat([small.timeKey.id, Buffer.alloc(64)]).toString('base64')}\n`,
    ],
    ['with a time beyond all', `${secondText}\n${secondLog}${signatureLine(small.timeKey, secondText, 9_007_199_254_741)}`],
    ['with white space in a name', `${second}${signatureLine({ ...witness, name: 'witness\u0085' }, secondText, 1)}`],
    ['with another white space in a name', `${second}${signatureLine({ ...witness, name: 'witness\u00a0one' }, secondText, 1)}`],
    ['that is nothing', ''],
    ['that is half a surrogate pair', '\ud800'],
  ])('%s is not signed', async (_, note) => {
    await expectBoth(set({ note })(files), ['BAD_SIGNATURE checkpoint:2']);
  });

  test.each<[string, string]>([
    ['with a signature of a witness', `${second}${signatureLine(witness, secondText, 1_767_225_670)}`],
    ['with a signature of a stranger before the log’s', `${secondText}\n${signatureLine(stranger, secondText, 0)}${secondLog}${secondTime}`],
    ['with the time before the log', `${secondText}\n${secondTime}${secondLog}`],
    ['with every signature twice', `${second}${secondLog}${secondTime}`],
    ['with a second time: the first one counts', `${second}${signatureLine(small.timeKey, secondText, 1)}`],
    ['with 16 signatures more', `${second}${Array.from({ length: 16 }, (_, at) => signatureLine(testKey(`w${at}`, 4, `w${at}`), secondText, 1)).join('')}`],
    ['with a name that is not ASCII', `${second}${signatureLine(testKey('témoin\uFEFF', 4, 'w'), secondText, 1)}`],
  ])('%s is signed', async (_, note) => {
    await expectBoth(set({ note })(files), []);
  });

  /** A text signed by both keys, whatever it is. */
  function signedText(text: string): string {
    const [logKey] = small.logKeys;
    if (logKey === undefined || text === secondText) throw new Error('nothing to sign');
    return `${text}\n${signatureLine(logKey, text, 0)}${signatureLine(small.timeKey, text, 1_767_225_665)}`;
  }

  function extended(): string {
    return signedText(`${secondText}extension\n`);
  }

  test('of which the last is spoilt is passed over: the one before is the newest', async () => {
    await expectBoth(setLine(FILE, 3, { note: second.slice(0, -1) })(files), ['BAD_PROOF deployment', 'BAD_SIGNATURE checkpoint:4']);
    await expectBoth(edits(setLine(FILE, 3, { note: '' }), setLine(FILE, 2, { note: '' }), setLine(FILE, 1, { note: '' }))(files), [
      'BAD_PROOF deployment',
      'BAD_SIGNATURE checkpoint:2 x3',
      'MISSING_HEARTBEAT checkpoint:5',
      'TRUNCATED receipt:10',
    ]);
  });
});

describeVerifiers('what was signed', () => {
  const built = (change: (ledger: TestLedger) => void): ExportFiles => {
    const ledger = smallLedger();
    change(ledger);
    return exportFiles(ledger);
  };
  const later = START_MS + 75_400 + HOUR_MS + 60_000;

  test.each<[string, ExportFiles, Expected]>([
    ['fewer entries than before', built((ledger) => signCheckpoint(ledger, later, { size: 9 })), ['INCONSISTENT_CHECKPOINTS checkpoint:5']],
    [
      'another root for as many entries',
      built((ledger) => signCheckpoint(ledger, later, { root: Buffer.alloc(32) })),
      ['INCONSISTENT_CHECKPOINTS checkpoint:5', 'ROOT_MISMATCH checkpoint:5'],
    ],
    ['more entries than there are', built((ledger) => signCheckpoint(ledger, later, { size: 12, root: Buffer.alloc(32) })), ['TRUNCATED checkpoint:5']],
    ['no entries at all, later', built((ledger) => signCheckpoint(ledger, later, { size: 0 })), ['INCONSISTENT_CHECKPOINTS checkpoint:5']],
    [
      'an earlier time than before',
      built((ledger) => signCheckpoint(ledger, later, { seconds: START_MS / 1000 + 60 })),
      ['PROJECTION_MISMATCH checkpoint:5', 'TIME_REGRESSION checkpoint:5'],
    ],
    [
      'three roots that are others: the first one is named',
      built((ledger) => {
        ledger.checkpoints.splice(1);
        for (const [at, size] of [
          [65_200, 9],
          [75_300, 10],
          [75_400, 11],
        ] as const)
          signCheckpoint(ledger, START_MS + at, { size, root: Buffer.alloc(32, size) });
        signCheckpoint(ledger, later);
      }),
      ['INCONSISTENT_CHECKPOINTS checkpoint:5', 'ROOT_MISMATCH checkpoint:2'],
    ],
  ])('%s', async (_, ofThat, expected) => {
    await expectBoth(ofThat, expected);
  });
});

describeVerifiers('a signer that was silent', () => {
  const SIGNED = START_MS + 75_000;

  /** Silent for so many seconds after the third checkpoint; records of that time come first. */
  function silent(seconds: number, record: (ledger: TestLedger) => void = () => undefined): TestLedger {
    const ledger = smallLedger();
    ledger.checkpoints.splice(3);
    record(ledger);
    signCheckpoint(ledger, SIGNED + seconds * 1000 + 900);
    ledger.exportedAt = SIGNED + seconds * 1000 + 60_000;
    return ledger;
  }
  const resumed =
    (atMs: number, type = 'signer.resumed') =>
    (ledger: TestLedger): void =>
      void append(ledger, auditRecord({ type, atMs }));

  /** An audit record of that time whose body is gone, and a purge that explains it. */
  function purged(ledger: TestLedger): void {
    append(ledger, auditRecord({ type: 'other', atMs: SIGNED + 4_000_000, retainDays: 0 }));
    ledger.gone.add(11);
    append(ledger, auditRecord({ type: 'ledger.purged', atMs: SIGNED + 7_000_000, details: purgeDetails({ upTo: 12 }) }));
  }

  test.each<[string, TestLedger, Expected]>([
    ['for two hours', silent(7_200), []],
    ['for longer', silent(7_201), ['MISSING_HEARTBEAT checkpoint:4']],
    ['and says why', silent(9_000, resumed(SIGNED + 8_990_000)), []],
    ['and says why at once', silent(9_000, resumed(SIGNED)), []],
    ['and says why in the last second', silent(9_000, resumed(SIGNED + 9_000_999)), []],
    ['and says why a second later', silent(9_000, resumed(SIGNED + 9_001_000)), ['MISSING_HEARTBEAT checkpoint:4']],
    ['and something else was recorded', silent(9_000, resumed(SIGNED + 8_990_000, 'signer.started')), ['MISSING_HEARTBEAT checkpoint:4']],
    ['and the record of that time has been purged', silent(9_000, purged), []],
  ])('%s', async (_, ledger, expected) => {
    await expectBoth(exportFiles(ledger), expected);
  });

  test('and the body that says why is another', async () => {
    const spoilt = replaceInLine('bodies.ndjson', 11, '"requestId":"', '"requestId":"x');
    await expectBoth(spoilt(exportFiles(silent(9_000, resumed(SIGNED + 8_990_000)))), ['BODY_MISMATCH entry:11', 'MISSING_HEARTBEAT checkpoint:4']);
  });

  test('and the body that says why is gone: something is missing, the silence is not judged', async () => {
    await expectBoth(dropLine('bodies.ndjson', 11)(exportFiles(silent(9_000, resumed(SIGNED + 8_990_000)))), ['UNEXPLAINED_MISSING entry:11']);
  });

  test('up to the export', async () => {
    const end = START_MS + 75_000 + HOUR_MS + 7_200_000;
    await expectBoth(setJson('export.json', { exportedAt: end })(files), []);
    await expectBoth(setJson('export.json', { exportedAt: end + 1 })(files), ['MISSING_HEARTBEAT checkpoint:5']);
  });

  test('from the beginning', async () => {
    const ledger = smallLedger();
    ledger.checkpoints.splice(0);
    for (const entry of ledger.entries) if (entry.kind === 1) entry.fields['checkpointSize'] = 0;
    ledger.exportedAt = START_MS + 7_200_000;
    await expectBoth(exportFiles(ledger), []);
    ledger.exportedAt += 1;
    await expectBoth(exportFiles(ledger), ['MISSING_HEARTBEAT checkpoint:1']);
  });

  test('twice', async () => {
    const ledger = silent(9_000);
    signCheckpoint(ledger, ledger.exportedAt + 9_000_000);
    ledger.exportedAt += 18_000_000;
    await expectBoth(exportFiles(ledger), ['MISSING_HEARTBEAT checkpoint:4 x3']);
  });
});
