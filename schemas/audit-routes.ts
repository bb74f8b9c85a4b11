import { z } from 'zod';
import { AuditEntry, Checkpoint, ConsistencyProof, EntryProof, LedgerCheck, LogKey, PurgeReceipt } from './audit.ts';
import { ExportManifest, ExportStream, StreamPosition } from './audit-export.ts';
import { EventId, Timestamp } from './ids.ts';
import { integerParameter, listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

const Seq = integerParameter(z.int().min(0));
const Size = integerParameter(z.int().min(0));
const Id = z.strictObject({ id: z.string().min(1).max(128) });
const Snapshot = z.string().min(1).max(256).meta({ description: '`snapshot` of `GET /api/v1/audit/export`.' });

/** Lines of the route table about the ledger: what is in it, how it is checked, and how it is taken away. */
export const AUDIT_ROUTES = {
  listAuditEntries: route({
    method: 'get',
    path: '/api/v1/audit/entries',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Entries of the ledger, newest first',
    request: {
      query: z.strictObject({
        ...listQuery,
        kind: integerParameter(z.int().min(1).max(4)).optional().meta({ description: '1 event, 2 step of a review, 3 administrative change, 4 violation.' }),
        from: Timestamp.optional().meta({ description: 'Entries of this time or later.' }),
        to: Timestamp.optional().meta({ description: 'Entries before this time.' }),
        type: z.string().min(1).max(128).optional().meta({ description: 'Of an administrative change that has not been purged, such as `key.created`.' }),
        target: z.string().min(1).max(512).optional().meta({ description: 'What an administrative change was made to.' }),
        eventId: EventId.optional().meta({ description: 'Everything recorded about one event that has not been purged.' }),
      }),
    },
    responses: { 200: listOf(AuditEntry) },
  }),
  getAuditEntry: route({
    method: 'get',
    path: '/api/v1/audit/entries/{seq}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'One entry of the ledger',
    request: { params: z.strictObject({ seq: Seq }) },
    responses: { 200: AuditEntry },
  }),

  getConsistencyProof: route({
    method: 'get',
    path: '/api/v1/audit/proof/consistency',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Proof that one size of the ledger is the beginning of another',
    request: {
      query: z.strictObject({
        from: Size.meta({ description: 'Entries of the older tree.' }),
        to: Size.optional().meta({ description: 'Entries of the newer one. Default: what the newest checkpoint speaks of.' }),
      }),
    },
    responses: { 200: ConsistencyProof },
    problems: ['not-yet-signed', 'conflict'],
  }),
  getEntryProof: route({
    method: 'get',
    path: '/api/v1/audit/proof/{id}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Proof that an entry is in the signed ledger; as text a C2SP tlog-proof file',
    request: {
      params: z.strictObject({ id: EventId.meta({ description: 'Number of an entry, record id, or event id.' }) }),
      query: z.strictObject({
        by: z.enum(['seq', 'record', 'event']).optional().meta({ description: 'What the id is. Default: what it looks like; digits are a number.' }),
      }),
    },
    responses: { 200: EntryProof },
    problems: ['not-yet-signed'],
    text: 'text/plain',
  }),

  listCheckpoints: route({
    method: 'get',
    path: '/api/v1/audit/checkpoints',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Signed checkpoints, newest first',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Checkpoint) },
  }),
  getLatestCheckpoint: route({
    method: 'get',
    path: '/api/v1/audit/checkpoints/latest',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'The newest checkpoint; as text its note',
    responses: { 200: Checkpoint },
    problems: ['not-yet-signed'],
    text: 'text/plain',
  }),
  listLogKeys: route({
    method: 'get',
    path: '/api/v1/audit/keys',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Keys that checkpoints are verified with, those that were replaced included',
    responses: { 200: z.strictObject({ data: z.array(LogKey) }) },
  }),

  getExport: route({
    method: 'get',
    path: '/api/v1/audit/export',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Begin an export of the whole ledger, or ask whether one is still whole',
    request: { query: z.strictObject({ snapshot: Snapshot.optional() }) },
    responses: { 200: ExportManifest },
  }),
  getExportFile: route({
    method: 'get',
    path: '/api/v1/audit/export/{file}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'One file of an export as a stream of JSON lines, exactly as it is kept',
    request: {
      params: z.strictObject({ file: ExportStream }),
      query: z.strictObject({ snapshot: Snapshot, from: StreamPosition.optional() }),
    },
    responses: { 200: z.string().meta({ description: 'JSON lines, see docs/spec/ledger-v1.md.' }) },
    stream: 'application/x-ndjson',
  }),

  startLedgerCheck: route({
    method: 'post',
    path: '/api/v1/audit/verify',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Verify the own ledger; one run at a time',
    responses: { 202: LedgerCheck },
  }),
  listLedgerChecks: route({
    method: 'get',
    path: '/api/v1/audit/verifications',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Runs of the verifier, newest first',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(LedgerCheck) },
  }),
  getLedgerCheck: route({
    method: 'get',
    path: '/api/v1/audit/verifications/{id}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'How far a run of the verifier has come, and what it has found',
    request: { params: Id },
    responses: { 200: LedgerCheck },
  }),
  cancelLedgerCheck: route({
    method: 'post',
    path: '/api/v1/audit/verifications/{id}/cancel',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'End a run of the verifier; one that has ended stays as it is',
    request: { params: Id },
    responses: { 200: LedgerCheck },
  }),

  listPurges: route({
    method: 'get',
    path: '/api/v1/audit/purges',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Receipts of purges, newest first',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(PurgeReceipt) },
  }),
  getPurge: route({
    method: 'get',
    path: '/api/v1/audit/purges/{id}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Receipt of one purge',
    request: { params: Id },
    responses: { 200: PurgeReceipt },
  }),
} as const;
