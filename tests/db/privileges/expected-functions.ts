/** What the application calls beside reading: every change of the product, and what runs across organisations. */
const CHANGES = `activate_policy cancel_ledger_check cancel_sweep change_plan close_notification close_session close_silent_outcome close_unused_outcome
  create_api_key create_channel create_delegation create_grant create_member create_organization create_policy create_policy_version disable_channel
  end_erasure erase_subject finish_ledger_check finish_sweep governance_settle handle_alert ledger_append lift_stop move_erasure move_ledger_check
  open_ledger_check open_notifications open_session place_hold put_agent record_anchor_receipts release_hold report_fail_mode report_outcome review_consume review_record
  revoke_api_key revoke_delegation revoke_grant set_agent_status settle_batch stop_agents sweep_record use_review_link
  change_webhook_endpoint create_inbound_secret create_webhook_endpoint delete_webhook_endpoint disable_webhook_endpoint enable_webhook_endpoint feed_webhook
  feed_webhook_replay finish_inbound_webhook note_webhook_try note_webhooks_started open_webhook_replay prune_webhooks receive_webhook replay_webhook_message
  revoke_inbound_secret`;
const LOOKS = `anchor_state checkpoints_to_anchor deployment_hashes erasure_entries ledger_default_rows organizations_with_ledger overdue_reviews
  running_erasures running_sweeps subject_keys webhook_replays_unfed webhooks_unfed webhooks_unstarted`;
const AUTHENTICATES = 'auth_api_key auth_members auth_session auth_touch';
const SIGNS = 'publish_log_key record_checkpoints retire_log_key signer_note';
const PURGES = `purge_bodies purge_cancel purge_fail purge_finish purge_next purge_organizations purge_progress purge_record purge_spine purge_statistics
  purge_unsigned purge_wait`;
const DROPS = 'purge_drop_leaf purge_leaves';
const CLOCK = 'epoch_ms ledger_now of_epoch_ms';

/** By role, the functions of others that it may call. Nothing else may be called, by anybody. */
export const CALLABLE: Record<string, string> = {
  mg_app: `${CHANGES} ${LOOKS} ${AUTHENTICATES} ${CLOCK} current_org ensure_ledger_partitions review_concerns`,
  mg_auth: 'current_org',
  mg_ledger: `${CLOCK} current_org`,
  mg_owner: 'body_classes prove_purgeable',
  mg_purge: `${PURGES} ${DROPS}`,
  mg_report: 'current_org deployment_hashes',
  mg_retention: `${CLOCK} ledger_append`,
  mg_signer: SIGNS,
};

/** As whom functions run, where that is not their caller. */
export const RUNS_AS: Record<string, string> = {
  mg_auth: AUTHENTICATES,
  mg_ledger: `${CHANGES} ${LOOKS} ${SIGNS}`,
  mg_owner: `${DROPS} ensure_ledger_partitions`,
  mg_retention: `${PURGES} prove_purgeable`,
};

/** Schemas of others. */
export const SCHEMA_USE: Record<string, Record<string, string>> = {
  mg_app: { usage: 'public' },
  mg_auth: { usage: 'public', create: 'public' },
  mg_ledger: { usage: 'public vault', create: 'public' },
  mg_purge: { usage: 'public' },
  mg_report: { usage: 'public' },
  mg_retention: { usage: 'public', create: 'public' },
  mg_signer: { usage: 'public' },
};
