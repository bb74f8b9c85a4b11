import { formatProofFile, parseProofFile } from '../../../core/ledger/proof-file.ts';

const hashes = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const checkpoint = 'origin\n7\nroot\n\n— origin c2ln\n';
const text = formatProofFile({ index: 3, proof: hashes, checkpoint });

describe('proof files', () => {
  test('have the lines of c2sp.org/tlog-proof, and are read as they were written', () => {
    expect(text.split('\n').slice(0, 5)).toEqual(['c2sp.org/tlog-proof@v1', 'index 3', hashes[0]?.toString('base64'), hashes[1]?.toString('base64'), '']);
    expect(text.endsWith(`\n\n${checkpoint}`)).toBe(true);
    expect(parseProofFile(text)).toEqual({ index: 3, proof: hashes.map((hash) => new Uint8Array(hash)), checkpoint });
  });

  test('a tree of one leaf has a proof of no lines', () => {
    const single = formatProofFile({ index: 0, proof: [], checkpoint });
    expect(parseProofFile(single)).toEqual({ index: 0, proof: [], checkpoint });
  });

  test('extra data is passed over', () => {
    expect(parseProofFile(text.replace('index', 'extra AAAA\nindex'))).toEqual(parseProofFile(text));
  });

  test.each([
    ['another version', text.replace('@v1', '@v2')],
    ['no index', text.replace('index 3\n', '')],
    ['a leading zero', text.replace('index 3', 'index 03')],
    ['a hash that is short', text.replace(/AQ[^\n]*\n/, 'AQEB\n')],
    ['something that is no base64', text.replace('AQEB', 'AQ*B')],
    ['no empty line', text.replaceAll('\n\n', '\n')],
    ['extra data that is no base64', text.replace('index', 'extra !\nindex')],
    ['extra data behind the index', text.replace('index 3', 'index 3\nextra AAAA')],
    ['nothing', ''],
  ])('%s is no proof file', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(parseProofFile(changed)).toBeUndefined();
  });
});
