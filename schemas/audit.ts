import { z } from 'zod';
import { Timestamp } from './ids.ts';

const hex = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description });

const entryShape = {
  seq: z.int().min(0).meta({ description: 'Place in the ledger, from 0 without gaps.' }),
  kind: z.int().min(1).max(4).meta({ description: '1 event with its decision, 2 step of a review, 3 administrative change, 4 violation.' }),
  id: z.uuid().meta({ description: 'Record id.' }),
  at: Timestamp,
  retainDays: z.int().min(0),
  bodyHash: hex('SHA-256 of the body, in hex.'),
  entryHash: hex('SHA-256 of 0x00 and the text of the entry, in hex: a leaf of the tree.'),
};

export const AuditEntry = z
  .strictObject({
    ...entryShape,
    body: z.string().nullable().meta({ description: 'The recorded text, which is JSON (RFC 8785). Null where it has been purged.' }),
    purged: z.boolean(),
  })
  .meta({ id: 'AuditEntry', description: 'One entry of the ledger. What it hashes to: docs/spec/ledger-v1.md.' });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const Checkpoint = z
  .strictObject({
    number: z.int().min(1),
    size: z.int().min(0).meta({ description: 'Entries that it speaks of.' }),
    root: hex('Root of their tree, in hex.'),
    signedAt: Timestamp.meta({ description: 'When it was stored; the signed time is in the note.' }),
    note: z.string().meta({ description: 'C2SP signed note.' }),
  })
  .meta({ id: 'Checkpoint' });
export type Checkpoint = z.infer<typeof Checkpoint>;

const SignedSize = z.strictObject({ number: z.int().min(1), size: z.int().min(0), note: z.string() });

export const DeploymentProof = z
  .strictObject({
    note: z.string().meta({ description: 'Newest checkpoint of the deployment log.' }),
    number: z.int().min(1).meta({ description: 'Of the checkpoint that it covers.' }),
    index: z.int().min(0),
    proof: z.array(z.string()),
  })
  .meta({ id: 'DeploymentProof', description: 'Inclusion of a checkpoint in the log of all checkpoints of this deployment.' });
export type DeploymentProof = z.infer<typeof DeploymentProof>;

export const EntryProof = z
  .strictObject({
    entry: z.strictObject(entryShape),
    text: z.string().meta({ description: 'What is hashed: SHA-256 of 0x00 and this is the leaf.' }),
    body: z.string().nullable(),
    checkpoint: SignedSize,
    inclusion: z.array(z.string()).meta({ description: 'RFC 9162 inclusion proof, hashes in hex, from the leaf upwards.' }),
    deployment: DeploymentProof.nullable(),
    proofFile: z.string().meta({ description: 'The same as a C2SP tlog-proof file.' }),
  })
  .meta({ id: 'EntryProof', description: 'Shows offline that an entry is in the signed ledger.' });
export type EntryProof = z.infer<typeof EntryProof>;

export const ConsistencyProof = z
  .strictObject({
    from: z.int().min(0),
    to: z.int().min(0),
    proof: z.array(z.string()).meta({ description: 'RFC 9162 consistency proof, hashes in hex.' }),
    checkpoint: SignedSize.nullable().meta({ description: 'The newest checkpoint of size `to`, where there is one.' }),
  })
  .meta({ id: 'ConsistencyProof', description: 'Shows offline that the ledger of `from` entries is the beginning of the one of `to`.' });
export type ConsistencyProof = z.infer<typeof ConsistencyProof>;

export const LogKey = z
  .strictObject({
    vkey: z.string().meta({ description: 'C2SP verifier key: `<name>+<key id>+<base64 key>`.' }),
    use: z.enum(['log', 'time', 'deployment']),
    createdAt: Timestamp,
    retiredAt: Timestamp.nullable(),
  })
  .meta({ id: 'LogKey' });
export type LogKey = z.infer<typeof LogKey>;

export const Finding = z
  .strictObject({
    code: z.string().meta({ description: 'See docs/spec/ledger-v1.md, What a verifier finds.' }),
    ref: z.string().meta({ description: 'Where it was found first, such as `entry:17`.' }),
    count: z.int().min(1),
  })
  .meta({ id: 'LedgerFinding' });
export type Finding = z.infer<typeof Finding>;

export const LedgerCheck = z
  .strictObject({
    id: z.string(),
    status: z.enum(['running', 'finished', 'cancelled']),
    requestedBy: z.string().meta({ description: '`key:<id>`, `member:<id>`, or `system` for the daily one.' }),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    total: z.int().min(0).meta({ description: 'Entries to look at.' }),
    done: z.int().min(0),
    percent: z.int().min(0).max(100),
    size: z.int().min(0).nullable().meta({ description: 'Entries that were verified. Null until it has finished.' }),
    checkpoint: z.int().min(0).nullable().meta({ description: 'Number of the newest checkpoint that was verified; 0: there was none.' }),
    missingBodies: z.int().min(0).nullable().meta({ description: 'Bodies that are gone, those that a purge explains included.' }),
    findings: z.array(Finding),
  })
  .meta({ id: 'LedgerCheck', description: 'One run of the verifier over the own ledger. Nothing is ever repaired.' });
export type LedgerCheck = z.infer<typeof LedgerCheck>;

export const PurgeReceipt = z
  .strictObject({
    id: z.string(),
    status: z
      .enum(['running', 'finished', 'unsigned', 'cancelled', 'failed'])
      .meta({ description: 'unsigned: bodies are due, and stay until a checkpoint covers them.' }),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    bodies: z.strictObject({
      total: z.int().min(0).meta({ description: 'To go; where nothing was signed, those that wait.' }),
      purged: z.int().min(0),
    }),
    prunedEntries: z.int().min(0).meta({ description: 'Entries whose hashes went too: none of them had a body any more.' }),
    entry: z
      .strictObject({ seq: z.int().min(0), entryHash: hex('Of the entry, in hex.').nullable(), body: z.string().nullable() })
      .nullable()
      .meta({ description: 'The entry of the ledger that explains what is gone, with its recorded text. Prove it with `GET /api/v1/audit/proof/{seq}`.' }),
  })
  .meta({ id: 'PurgeReceipt', description: 'What a run of the purge has taken from the own ledger.' });
export type PurgeReceipt = z.infer<typeof PurgeReceipt>;
