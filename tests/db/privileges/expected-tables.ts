/** Roles of the product, as the migrations make them. */
export const ROLES = ['mg_app', 'mg_auth', 'mg_ledger', 'mg_owner', 'mg_purge', 'mg_report', 'mg_retention', 'mg_signer'] as const;

/** By role and verb, names with blanks between them. */
type Matrix = Record<string, Record<string, string>>;

/** Owners of what mg_owner does not own. Owners may do everything to a table that a trigger or a policy does not stop. */
export const OTHER_OWNERS: Record<string, string> = { schema_migration: 'the migrating user' };

const BODIES = 'agent_events hitl_decisions audit_records policy_violations';
const SIGNED = 'ledger_checkpoint ledger_tile deployment_leaf deployment_checkpoint deployment_tile log_key';
const RULES = 'legal_hold retention_change retention_version';
/** Kept up to date: where reviews, sessions and configuration stand. */
const PRESENT = `agent agent_stop alert approval_grant approval_grant_use delegation erasure event_outcome ledger_check notification organization policy policy_version
  review review_link_use review_sweep review_vote session_state usage_month`;
/** What the reporting role does not read. */
const WEBHOOKS = 'webhook_delivery webhook_endpoint webhook_inbound webhook_inbound_secret webhook_replay';
/** The same, with what tenants read in part or not at all. */
const ADMINISTERED = `${PRESENT} ${RULES} ${WEBHOOKS} api_key member member_session notification_channel`;
const READ = `${BODIES} ${SIGNED} ${RULES} ${PRESENT} anchor_receipt ledger_entry ledger_head ledger_prune purge_run`;

/** What is granted on whole tables. Nothing else is, and nothing at all on a partition. */
export const ALLOWED_TABLES: Matrix = {
  mg_app: { select: `${READ} ${WEBHOOKS} notification_channel` },
  mg_report: { select: READ },
  mg_auth: { select: 'api_key member member_session organization' },
  mg_signer: { select: `ledger_entry ledger_head ${SIGNED}` },
  mg_ledger: {
    select: `${BODIES} ${SIGNED} ${ADMINISTERED} anchor_receipt ledger_entry ledger_head vault.subject_key vault.subject_use`,
    insert: `${BODIES} ${SIGNED} ${ADMINISTERED} anchor_receipt ledger_entry ledger_head vault.subject_key vault.subject_use`,
    update: `${ADMINISTERED} ledger_head`,
    delete: 'member_session webhook_delivery webhook_inbound webhook_replay',
  },
  mg_retention: {
    select: `${BODIES} ${RULES} ledger_entry ledger_head ledger_prune ledger_tile purge_run review`,
    insert: 'ledger_prune purge_run retention_version',
    update: 'ledger_prune purge_run retention_version',
    delete: `${BODIES} ledger_entry`,
  },
};

const OF_KEYS = columns('api_key', 'org_id id name mode scopes member_id created_by created_at expires_at last_used_at revoked_at');
const OF_MEMBERS = columns('member', 'org_id id email name role groups status created_at');

/** What is granted on columns of a table, though not on all of it. */
export const ALLOWED_COLUMNS: Matrix = {
  mg_app: { select: `${OF_KEYS} ${OF_MEMBERS}` },
  mg_report: { select: `${OF_KEYS} ${OF_MEMBERS}` },
  mg_auth: { update: 'api_key.last_used_at member_session.last_seen_at' },
  mg_ledger: { update: `log_key.retired_at ${columns('vault.subject_key', 'wrapped_dek destroyed_at')}` },
};

/** Where a role sees rows of every organisation, whatever is set; `*`: wherever it reads. Elsewhere it sees those of the organisation that is set. */
export const EVERY_ORGANIZATION: Record<string, string> = { mg_auth: '*', mg_ledger: '*', mg_retention: '*', mg_signer: '*' };

/** No policy lets these see a row, though they own the tables. */
export const NO_ROW: readonly string[] = ['mg_owner'];

/** Lines `<role> <verb> <name>`, sorted. */
export const linesOf = (matrix: Matrix): string[] =>
  Object.entries(matrix)
    .flatMap(([role, verbs]) =>
      Object.entries(verbs).flatMap(([verb, names]) => wordsOf(names).map((name) => [role, verb, name].filter((word) => word !== '').join(' '))),
    )
    .toSorted();

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function columns(table: string, names: string): string {
  return wordsOf(names)
    .map((name) => `${table}.${name}`)
    .join(' ');
}
