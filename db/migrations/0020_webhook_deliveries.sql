-- Deliveries, replays and what comes in: the rest of docs/spec/webhooks.md.
set local role mg_ledger;

-- Moves the cursor of an endpoint from `p_from` to `p_until` and opens the deliveries of what lies between: [{message_id, seq, type, occurred_at}].
-- False when the cursor stands elsewhere: another process was first.
create function feed_webhook(p_org uuid, p_endpoint text, p_from bigint, p_until bigint, p_items jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  update webhook_endpoint e set next_seq = p_until
    where e.org_id = p_org and e.id = p_endpoint and e.next_seq = p_from and e.status = 'enabled' and e.deleted_at is null;
  if not found then
    return false;
  end if;
  insert into webhook_delivery (org_id, endpoint_id, message_id, seq, type, occurred_at)
    select p_org, p_endpoint, x.message_id, x.seq, x.type, x.occurred_at
    from jsonb_to_recordset(p_items) as x(message_id text, seq bigint, type text, occurred_at timestamptz)
    on conflict do nothing;
  return true;
end $$;

-- Orders what lies from `p_from` before `p_until` to be sent again (`all`), or what was not taken of everything so far (`missed`).
-- Never beyond the cursor: what is behind it is told of anyway. False when there is no such endpoint or it is disabled.
create function open_webhook_replay(p_org uuid, p_id text, p_endpoint text, p_scope text, p_from bigint, p_until bigint, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  e webhook_endpoint;
  v_from bigint := p_from;
  v_until bigint := p_until;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into e from webhook_endpoint w
    where w.org_id = p_org and w.id = p_endpoint and w.status = 'enabled' and w.deleted_at is null for update;
  if not found then
    return false;
  end if;
  v_until := least(p_until, e.next_seq);
  if p_scope = 'missed' then
    v_from := coalesce(least(e.missed_from, (select min(d.seq) from webhook_delivery d
      where d.org_id = p_org and d.endpoint_id = p_endpoint and d.status in ('failed', 'missed'))), v_until);
    update webhook_endpoint w set missed_from = null where w.org_id = p_org and w.id = p_endpoint;
  end if;
  insert into webhook_replay (org_id, id, endpoint_id, scope, next_seq, until_seq, status, requested_by, finished_at)
    values (p_org, p_id, p_endpoint, p_scope, v_from, v_until, case when v_from < v_until then 'running' else 'finished' end, p_by,
            case when v_from < v_until then null else now() end);
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- One message once more. False when the endpoint was never to get it.
create function replay_webhook_message(p_org uuid, p_id text, p_endpoint text, p_message text, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_seq bigint;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
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

-- As `feed_webhook`, for a page of a replay.
create function feed_webhook_replay(p_org uuid, p_id text, p_from bigint, p_until bigint, p_items jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  r webhook_replay;
  v_count int;
begin
  update webhook_replay w set next_seq = p_until, status = case when p_until >= w.until_seq then 'finished' else 'running' end,
                              finished_at = case when p_until >= w.until_seq then now() end
    where w.org_id = p_org and w.id = p_id and w.next_seq = p_from and w.status = 'running' returning * into r;
  if not found then
    return false;
  end if;
  perform 1 from webhook_endpoint e where e.org_id = p_org and e.id = r.endpoint_id for update;
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

-- An alert about an endpoint, unless one of it is open already.
create function raise_webhook_alert(p_org uuid, p_endpoint text, p_alert text, p_reason text) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  insert into alert (org_id, id, cause, risk_score, reasons, created_at)
    select p_org, p_alert, 'webhook', 50, json_build_array(p_endpoint || ': ' || p_reason)::text, ledger_now()
    where not exists (select from alert a where a.org_id = p_org and a.cause = 'webhook' and a.status = 'open' and strpos(a.reasons, p_endpoint) > 0)
    on conflict do nothing $$;

-- Notes how a try went: `p_try` is {round, status, attempts, http, error, next_at, throttled_until, alert}. `failed` is for good, and on record with
-- `p_audit`. `p_gone`: the other side wants no more, so the endpoint is disabled. False for a run that has nothing to say any more.
create function note_webhook_try(p_org uuid, p_endpoint text, p_message text, p_try jsonb, p_gone boolean, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_status text := p_try ->> 'status';
  v_error text := p_try ->> 'error';
begin
  -- The head comes first wherever it is needed, and decisions wait for it: not for every try.
  if jsonb_typeof(p_audit) = 'object' then
    perform 1 from ledger_head h where h.org_id = p_org for update;
  end if;
  -- The endpoint before its deliveries, as where it is disabled.
  perform 1 from webhook_endpoint e where e.org_id = p_org and e.id = p_endpoint for update;
  update webhook_delivery d
    set status = v_status, attempts = (p_try ->> 'attempts')::int, http_status = (p_try ->> 'http')::int, last_error = v_error,
        next_at = coalesce((p_try ->> 'next_at')::timestamptz, now()), finished_at = case when v_status = 'pending' then null else now() end
    where d.org_id = p_org and d.endpoint_id = p_endpoint and d.message_id = p_message and d.round = (p_try ->> 'round')::int and d.status = 'pending';
  if not found then
    return false;
  end if;
  update webhook_endpoint e
    set failing_since = case when v_status = 'delivered' then null else coalesce(e.failing_since, now()) end,
        last_error = case when v_status = 'delivered' then null else v_error end,
        last_delivered_at = case when v_status = 'delivered' then now() else e.last_delivered_at end,
        throttled_until = greatest(e.throttled_until, (p_try ->> 'throttled_until')::timestamptz)
    where e.org_id = p_org and e.id = p_endpoint;
  if p_gone then
    update webhook_endpoint e set status = 'disabled', disabled_reason = 'gone', disabled_at = now()
      where e.org_id = p_org and e.id = p_endpoint and e.status = 'enabled';
    perform miss_webhooks(p_org, p_endpoint);
  end if;
  if jsonb_typeof(p_audit) = 'object' then
    perform raise_webhook_alert(p_org, p_endpoint, p_try ->> 'alert', v_error);
    perform audit_append(p_org, p_audit);
  end if;
  return true;
end $$;

-- For the feed, across organisations: endpoints behind their ledgers.
create function webhooks_unfed(p_limit int) returns table (org_id uuid, id text, types text[], next_seq bigint, head_seq bigint)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select e.org_id, e.id, e.types, e.next_seq, h.next_seq
  from webhook_endpoint e join ledger_head h on h.org_id = e.org_id
  where e.status = 'enabled' and e.deleted_at is null and e.next_seq < h.next_seq order by h.last_at limit p_limit $$;

create function webhook_replays_unfed(p_limit int) returns table (org_id uuid, id text, types text[], next_seq bigint, head_seq bigint)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select r.org_id, r.id, e.types, r.next_seq, r.until_seq
  from webhook_replay r join webhook_endpoint e on e.org_id = r.org_id and e.id = r.endpoint_id
  where r.status = 'running' order by r.requested_at limit p_limit $$;

-- Deliveries without a run: new ones, and those whose run should have tried five minutes ago.
create function webhooks_unstarted(p_limit int) returns table (org_id uuid, endpoint_id text, message_id text, type text, round int)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select d.org_id, d.endpoint_id, d.message_id, d.type, d.round from webhook_delivery d
  where d.status = 'pending' and d.next_at < now() - interval '5 minutes' order by d.next_at, d.created_at limit p_limit $$;

create function note_webhooks_started(p_items jsonb) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  with unstarted as (
    select d.org_id, d.endpoint_id, d.message_id
    from webhook_delivery d
      join jsonb_to_recordset(p_items) as x(org uuid, endpoint text, message text, round int)
        on d.org_id = x.org and d.endpoint_id = x.endpoint and d.message_id = x.message and d.round = x.round
    where d.status = 'pending' and d.next_at < now() - interval '5 minutes'
    order by d.org_id, d.endpoint_id, d.message_id for update of d)
  update webhook_delivery d set next_at = now()
    from unstarted u where d.org_id = u.org_id and d.endpoint_id = u.endpoint_id and d.message_id = u.message_id $$;

-- Drops what has ended, and what came in, before a time: some rows of each, so that nothing waits long. Answers how many.
create function prune_webhooks(p_before timestamptz, p_limit int) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_out int;
  v_in int;
begin
  delete from webhook_delivery d where d.ctid = any (array(select x.ctid from webhook_delivery x where x.finished_at < p_before limit p_limit));
  get diagnostics v_out = row_count;
  delete from webhook_inbound i where i.ctid = any (array(select x.ctid from webhook_inbound x where x.received_at < p_before limit p_limit));
  get diagnostics v_in = row_count;
  return v_out + v_in;
end $$;

create function create_inbound_secret(p_org uuid, p_id text, p_name text, p_secret bytea, p_members text[], p_by text, p_expires_at timestamptz, p_audit jsonb)
  returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  insert into webhook_inbound_secret (org_id, id, name, secret, members, created_by, expires_at) values (p_org, p_id, p_name, p_secret, p_members, p_by, p_expires_at);
  perform audit_append(p_org, p_audit);
end $$;

-- As in migration 0016, and with it `inbound-secret-revoked`: what a tool has decided falls with its secret.
create or replace function review_concerns(q review, s review_sweep) returns boolean
  language sql stable
  set search_path = public, pg_catalog, pg_temp
  as $$
  select q.status = 'pending' and case s.cause::jsonb ->> 'kind'
    when 'policy-activated' then q.kind = 'gate' and q.config_version < s.config_version
    when 'agent-changed' then q.kind = 'gate' and q.config_version < s.config_version and q.agent_id = s.cause::jsonb ->> 'agentId'
    when 'agent-stopped' then q.kind = 'gate' and (q.config_version < s.config_version or q.created_at <= s.started_at) and q.agent_id = s.cause::jsonb ->> 'agentId'
    when 'agents-stopped' then q.kind = 'gate' and (q.config_version < s.config_version or q.created_at <= s.started_at)
      and (s.cause::jsonb -> 'agents') ?| array['*', q.agent_id]
    -- More than it needs: earlier steps by that key match as well. Reading the text is cheaper than parsing it.
    when 'key-revoked' then strpos(q.summary, '"requester":"key:' || (s.cause::jsonb ->> 'keyId') || '"') > 0
      or strpos(q.state, '"via":"key:' || (s.cause::jsonb ->> 'keyId') || '"') > 0
    when 'inbound-secret-revoked' then strpos(q.state, '"via":"webhook:' || (s.cause::jsonb ->> 'secretId') || '"') > 0
    when 'subject-erased' then q.subject_ref = decode(s.cause::jsonb ->> 'subject', 'hex') and q.subject_version <= (s.cause::jsonb ->> 'version')::int
    else false end $$;

-- False when there is no such secret or it was revoked before.
create function revoke_inbound_secret(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update webhook_inbound_secret s set revoked_at = now(), secret = ''::bytea where s.org_id = p_org and s.id = p_id and s.revoked_at is null;
  if not found then
    return false;
  end if;
  perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'inbound-secret-revoked', 'secretId', p_id));
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- Remembers an incoming message and puts it on record, once. new; known: the same came before, `result` says what was made of it; conflict: another
-- message came under this id.
create function receive_webhook(p_org uuid, p_message text, p_secret text, p_type text, p_digest text, p_audit jsonb) returns table (status text, result jsonb)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  insert into webhook_inbound (org_id, message_id, secret_id, type, body_digest) values (p_org, p_message, p_secret, p_type, p_digest) on conflict do nothing;
  if found then
    perform audit_append(p_org, p_audit);
    status := 'new';
  else
    select case when i.body_digest = p_digest then 'known' else 'conflict' end, i.result into status, result
      from webhook_inbound i where i.org_id = p_org and i.message_id = p_message;
  end if;
  return next;
end $$;

create function finish_inbound_webhook(p_org uuid, p_message text, p_result jsonb) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ update webhook_inbound i set result = p_result where i.org_id = p_org and i.message_id = p_message and i.result is null $$;

grant execute on function
  create_webhook_endpoint(uuid, text, text, bytea, text[], text, int, jsonb),
  change_webhook_endpoint(uuid, text, int, text, bytea, text[], jsonb),
  disable_webhook_endpoint(uuid, text, jsonb),
  enable_webhook_endpoint(uuid, text, jsonb),
  delete_webhook_endpoint(uuid, text, jsonb),
  feed_webhook(uuid, text, bigint, bigint, jsonb),
  open_webhook_replay(uuid, text, text, text, bigint, bigint, text, jsonb),
  replay_webhook_message(uuid, text, text, text, text, jsonb),
  feed_webhook_replay(uuid, text, bigint, bigint, jsonb),
  note_webhook_try(uuid, text, text, jsonb, boolean, jsonb),
  webhooks_unfed(int),
  webhook_replays_unfed(int),
  webhooks_unstarted(int),
  note_webhooks_started(jsonb),
  prune_webhooks(timestamptz, int),
  create_inbound_secret(uuid, text, text, bytea, text[], text, timestamptz, jsonb),
  revoke_inbound_secret(uuid, text, jsonb),
  receive_webhook(uuid, text, text, text, text, jsonb),
  finish_inbound_webhook(uuid, text, jsonb)
  to mg_app;

reset role;
