import { purgeDetails, type PurgeStatistics } from '../../../core/ledger/purge-details.ts';

const AS_OF = Date.UTC(2026, 5, 1);
const nothing: PurgeStatistics = {
  version: 0,
  asOf: AS_OF,
  checkpointSize: 900,
  due: [],
  unsigned: 0,
  upTo: null,
  firstSeq: null,
  firstHash: null,
  lastSeq: null,
  lastHash: null,
  extended: [],
  reduced: null,
  held: [],
  minIndex: 0,
  anchorHash: null,
  previous: null,
};
const some: PurgeStatistics = {
  ...nothing,
  due: [
    { kind: 1, retainDays: 7, bodies: 500 },
    { kind: 1, retainDays: 90, bodies: 20 },
    { kind: 3, retainDays: 7, bodies: 4 },
  ],
  upTo: 600,
  firstSeq: 3,
  firstHash: 'a'.repeat(64),
  lastSeq: 599,
  lastHash: 'b'.repeat(64),
};

test('a purge states nothing where nothing is due', () => {
  expect(purgeDetails(nothing)).toBeNull();
  // Everything that ever went is gone: `upTo` stays, and no entry is made for it.
  expect(purgeDetails({ ...nothing, upTo: 600 })).toBeNull();
});

test('a purge states how far it goes, by kind, and the rules it goes by', () => {
  const held = [{ id: 'hld_1', from: 1, until: null }];
  expect(purgeDetails({ ...some, held })).toEqual({
    reason: 'retention',
    asOf: AS_OF,
    checkpointSize: 900,
    upTo: 600,
    extended: [],
    reduced: null,
    held,
    earlier: [],
    counts: { agentEvents: 520, hitlDecisions: 0, auditRecords: 4, policyViolations: 0 },
    firstSeq: 3,
    firstHash: 'a'.repeat(64),
    lastSeq: 599,
    lastHash: 'b'.repeat(64),
    minIndex: 0,
    anchorHash: null,
  });
});

test('a purge keeps the account of the one before where the rules have become stricter', () => {
  const previous = { seq: 450, at: AS_OF - 1, upTo: 400, extended: [], reduced: null, held: [] };
  expect(purgeDetails({ ...some, previous })?.earlier).toEqual([]);
  expect(purgeDetails({ ...some, previous, extended: [{ beforeSeq: 500, days: 90 }] })?.earlier).toEqual([previous]);
});
