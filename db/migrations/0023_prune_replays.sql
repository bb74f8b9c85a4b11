-- Replays that have ended are dropped like the deliveries they caused.
set local role mg_owner;
create index webhook_replay_finished on webhook_replay (finished_at) where finished_at is not null;

grant delete on webhook_replay to mg_ledger;

reset role;
set local role mg_ledger;
create or replace function prune_webhooks(p_before timestamptz, p_limit int) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_out int;
  v_in int;
  v_replays int;
begin
  delete from webhook_delivery d where d.ctid = any (array(select x.ctid from webhook_delivery x where x.finished_at < p_before limit p_limit));
  get diagnostics v_out = row_count;
  delete from webhook_inbound i where i.ctid = any (array(select x.ctid from webhook_inbound x where x.received_at < p_before limit p_limit));
  get diagnostics v_in = row_count;
  delete from webhook_replay r where r.ctid = any (array(select x.ctid from webhook_replay x where x.finished_at < p_before limit p_limit));
  get diagnostics v_replays = row_count;
  return v_out + v_in + v_replays;
end $$;

reset role;
