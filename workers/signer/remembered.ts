import { z } from 'zod';

/** What the signer remembers of a log, outside the database: hashes in lower-case hex, times in epoch milliseconds. */
const Hex = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().min(0);

const TileRoot = z.object({ level: Count, index: Count, root: Hex });

const Position = z.object({
  size: Count,
  root: Hex,
  /** Roots of the perfect subtrees, the largest first. */
  peaks: z.array(Hex),
  /** Number of the checkpoint that was signed last, or was about to be. */
  number: Count,
  signedAtMs: Count,
  /** Roots of full tiles that the database may not have yet. */
  tiles: z.array(TileRoot),
  /** Ids of the keys that sign from this checkpoint on. */
  keyIds: z.array(z.string()),
});

const OrgPosition = Position.extend({
  /** Entry hash of the last entry, or the link before the first. */
  head: Hex,
  /** Time of the last entry. */
  lastAtMs: Count,
  /** Verifier keys of which the ledger has been told. */
  announced: z.array(z.string()),
});

export const REFUSAL_REASONS = [
  /** There are fewer entries, or lower sizes, than were signed. */
  'size-went-backwards',
  /** An entry is not what it hashes to, does not follow the one before, or is missing. */
  'history-inconsistent',
  /** Checkpoints that were signed are not in the database any more, or were never signed here. */
  'checkpoints-inconsistent',
  /** The database holds checkpoints, and nothing is remembered of them. */
  'state-lost',
  /** The database holds checkpoints that were signed after what is remembered: an older state directory was put back. */
  'state-outdated',
] as const;

export const Refusal = z.object({
  reason: z.enum(REFUSAL_REASONS),
  /** Numbers and hashes: what contradicts what. */
  detail: z.string(),
  atMs: Count,
  /** The organisation's ledger says so. */
  recorded: z.boolean(),
});

export const RememberedOrg = z.object({ v: z.literal(1), org: z.uuid(), position: OrgPosition.nullable(), refusal: Refusal.nullable() });

const PendingLeaf = z.object({ index: Count, org: z.uuid(), number: Count, hash: Hex });

export const RememberedDeployment = z.object({
  v: z.literal(1),
  position: Position.extend({
    /** Leaves of this checkpoint and of those before that the database may not have yet. */
    leaves: z.array(PendingLeaf),
  }).nullable(),
  refusal: Refusal.nullable(),
});

/** Of the directory as a whole. */
export const Installation = z.object({
  v: z.literal(1),
  /** What names of logs begin with. */
  host: z.string().min(1),
  /** Public keys that signed before, in hex: older checkpoints are recognised by them. */
  retired: z.array(z.object({ use: z.enum(['log', 'time', 'deployment']), publicKey: Hex })),
});

export type Installation = z.infer<typeof Installation>;
export type TileRoot = z.infer<typeof TileRoot>;
export type Position = z.infer<typeof Position>;
export type OrgPosition = z.infer<typeof OrgPosition>;
export type PendingLeaf = z.infer<typeof PendingLeaf>;
export type Refusal = z.infer<typeof Refusal>;
export type RefusalReason = Refusal['reason'];
export type RememberedOrg = z.infer<typeof RememberedOrg>;
export type RememberedDeployment = z.infer<typeof RememberedDeployment>;
