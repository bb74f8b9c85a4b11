import { createFindings } from '../../../../core/ledger/verify/findings.ts';

describe('createFindings', () => {
  test('gathers by code and sort of reference: the first one is named, all are counted', () => {
    const findings = createFindings();
    findings.add('TRUNCATED', 'receipt:9');
    findings.add('DUPLICATE_SEQ', 'entry:7');
    findings.add('TRUNCATED', 'checkpoint:3');
    findings.add('DUPLICATE_SEQ', 'entry:2');
    findings.add('DUPLICATE_SEQ', 'body:5', 4);
    findings.add('DUPLICATE_SEQ', 'body:1');
    expect(findings.list()).toEqual([
      { code: 'DUPLICATE_SEQ', ref: 'body:5', count: 5 },
      { code: 'DUPLICATE_SEQ', ref: 'entry:7', count: 2 },
      { code: 'TRUNCATED', ref: 'checkpoint:3', count: 1 },
      { code: 'TRUNCATED', ref: 'receipt:9', count: 1 },
    ]);
  });

  test('each file is a sort of its own', () => {
    const findings = createFindings();
    for (const file of ['tiles.ndjson', 'bodies.ndjson', 'tiles.ndjson']) findings.add('MALFORMED', `file:${file}`);
    expect(findings.list()).toEqual([
      { code: 'MALFORMED', ref: 'file:bodies.ndjson', count: 1 },
      { code: 'MALFORMED', ref: 'file:tiles.ndjson', count: 2 },
    ]);
  });
});
