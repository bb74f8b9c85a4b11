-- A replay ends with its endpoint: nothing waits for one that is disabled or deleted.
set local role mg_ledger;

-- What was pending is missed, and so is what a replay had not come to; runs find that out when they wake. The endpoint is locked by whoever calls this.
create or replace function miss_webhooks(p_org uuid, p_id text) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  -- Ended here rather than at its next page: an endpoint that is enabled again before that goes on from now, too.
  with ended as (
    update webhook_replay r set status = 'finished', finished_at = now()
      where r.org_id = p_org and r.endpoint_id = p_id and r.status = 'running' returning r.next_seq)
  update webhook_endpoint e set missed_from = least(e.missed_from, x.next_seq)
    from (select min(n.next_seq) as next_seq from ended n) x where e.org_id = p_org and e.id = p_id and x.next_seq is not null;
  -- Several deliveries are locked in one order everywhere, so that nobody waits in a circle.
  with pending as (
    select d.message_id from webhook_delivery d where d.org_id = p_org and d.endpoint_id = p_id and d.status = 'pending' order by d.message_id for update)
  update webhook_delivery d set status = 'missed', finished_at = now(), last_error = coalesce(d.last_error, 'the endpoint was disabled')
    from pending p where d.org_id = p_org and d.endpoint_id = p_id and d.message_id = p.message_id $$;

-- As in migration 0020, for an endpoint that is enabled.
create or replace function feed_webhook_replay(p_org uuid, p_id text, p_from bigint, p_until bigint, p_items jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  e webhook_endpoint;
  r webhook_replay;
  v_count int;
begin
  -- The endpoint before its replay, as where it is disabled.
  select w.* into e from webhook_endpoint w join webhook_replay x on x.org_id = w.org_id and x.endpoint_id = w.id
    where x.org_id = p_org and x.id = p_id for update of w;
  if e.status = 'disabled' or e.deleted_at is not null then
    perform miss_webhooks(p_org, e.id);
    return false;
  end if;
  update webhook_replay w set next_seq = p_until, status = case when p_until >= w.until_seq then 'finished' else 'running' end,
                              finished_at = case when p_until >= w.until_seq then now() end
    where w.org_id = p_org and w.id = p_id and w.next_seq = p_from and w.status = 'running' returning * into r;
  if not found then
    return false;
  end if;
  insert into webhook_delivery as d (org_id, endpoint_id, message_id, seq, type, occurred_at)
    select p_org, r.endpoint_id, x.message_id, x.seq, x.type, x.occurred_at
    from jsonb_to_recordset(p_items) as x(message_id text, seq bigint, type text, occurred_at timestamptz) order by x.message_id
    on conflict (org_id, endpoint_id, message_id)
      do update set status = 'pending', round = d.round + 1, attempts = 0, next_at = '-infinity', finished_at = null
      where r.scope = 'all' or d.status in ('failed', 'missed');
  get diagnostics v_count = row_count;
  update webhook_replay w set messages = w.messages + v_count where w.org_id = p_org and w.id = p_id;
  return true;
end $$;

-- One message once more. False when the endpoint was never to get it, is disabled or is gone.
create or replace function replay_webhook_message(p_org uuid, p_id text, p_endpoint text, p_message text, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_seq bigint;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  perform 1 from webhook_endpoint e where e.org_id = p_org and e.id = p_endpoint and e.status = 'enabled' and e.deleted_at is null for update;
  if not found then
    return false;
  end if;
  update webhook_delivery d set status = 'pending', round = d.round + 1, attempts = 0, next_at = '-infinity', finished_at = null
    where d.org_id = p_org and d.endpoint_id = p_endpoint and d.message_id = p_message returning d.seq into v_seq;
  if not found then
    return false;
  end if;
  insert into webhook_replay (org_id, id, endpoint_id, scope, next_seq, until_seq, messages, status, requested_by, finished_at)
    values (p_org, p_id, p_endpoint, 'message', v_seq + 1, v_seq + 1, 1, 'finished', p_by, now());
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- Deliveries without a run: new ones, and those whose run should have tried five minutes ago. A run for an endpoint that takes nothing would end
-- without a word, and be started again for ever.
create or replace function webhooks_unstarted(p_limit int) returns table (org_id uuid, endpoint_id text, message_id text, type text, round int)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select d.org_id, d.endpoint_id, d.message_id, d.type, d.round
  from webhook_delivery d join webhook_endpoint e on e.org_id = d.org_id and e.id = d.endpoint_id
  where d.status = 'pending' and d.next_at < now() - interval '5 minutes' and e.status = 'enabled' and e.deleted_at is null
  order by d.next_at, d.created_at limit p_limit $$;

-- What has come together is put right. The replays come first here: a page that is under way locks as in migration 0020, its replay before the endpoint.
select 1 from webhook_replay r where r.status = 'running' order by r.org_id, r.id for update;
with ended as materialized (
  select e.org_id, e.id from webhook_endpoint e where e.status = 'disabled' or e.deleted_at is not null order by e.org_id, e.id for update)
select miss_webhooks(x.org_id, x.id) from ended x;

reset role;
