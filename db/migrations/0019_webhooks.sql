-- Webhooks, out and in: docs/spec/webhooks.md. What is told is read from the ledger itself, behind a cursor per endpoint: a message that is on
-- record cannot be forgotten, and no decision writes a row more for it.
set local role mg_owner;

-- `config` is sealed: the URL and the secrets.
create table webhook_endpoint (
  org_id uuid not null references organization,
  id text not null,
  name text not null,
  config bytea not null,
  types text[] not null,                -- empty: every type
  version int not null default 1,       -- of name, config and types
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('by-request', 'gone')),
  disabled_at timestamptz,
  -- First entry of the ledger that has not been looked at for this endpoint.
  next_seq bigint not null,
  -- First entry that was passed over while it was disabled, until that is asked for.
  missed_from bigint,
  failing_since timestamptz,
  last_error text,
  last_delivered_at timestamptz,
  throttled_until timestamptz,
  created_by text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (org_id, id),
  check ((status = 'disabled') = (disabled_at is not null))
);
create index webhook_endpoint_fed on webhook_endpoint (org_id, id) where status = 'enabled' and deleted_at is null;

-- One message to one endpoint. Its content is read from the entry `seq` whenever it is sent.
create table webhook_delivery (
  org_id uuid not null references organization,
  endpoint_id text not null,
  message_id text not null,
  seq bigint not null,
  type text not null,
  occurred_at timestamptz not null,
  -- missed: the endpoint was disabled before it was taken.
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed', 'missed')),
  -- Counts how often it was sent anew; a run of an earlier round has nothing to say any more.
  round int not null default 1,
  attempts int not null default 0,
  http_status int,
  last_error text,
  -- When its run is to try again; in the past for long: it has no run.
  next_at timestamptz not null default '-infinity',
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, endpoint_id, message_id)
);
create index webhook_delivery_by_seq on webhook_delivery (org_id, endpoint_id, seq, message_id);
create index webhook_delivery_missed on webhook_delivery (org_id, endpoint_id, seq) where status in ('failed', 'missed');
create index webhook_delivery_due on webhook_delivery (next_at) where status = 'pending';
create index webhook_delivery_finished on webhook_delivery (finished_at) where finished_at is not null;

create table webhook_replay (
  org_id uuid not null references organization,
  id text not null,
  endpoint_id text not null,
  -- all: whatever became of it. missed: what was not taken.
  scope text not null check (scope in ('all', 'missed', 'message')),
  next_seq bigint not null,
  until_seq bigint not null,
  messages int not null default 0,
  status text not null default 'running' check (status in ('running', 'finished')),
  requested_by text not null,
  requested_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, id)
);
create index webhook_replay_running on webhook_replay (requested_at) where status = 'running';

-- Signs what comes in. It speaks for the members it names, and for nobody else.
create table webhook_inbound_secret (
  org_id uuid not null references organization,
  id text not null,
  name text not null,
  secret bytea not null,                -- sealed
  members text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id)
);

-- What came in, by the sender's id, so that nothing is taken twice.
create table webhook_inbound (
  org_id uuid not null references organization,
  message_id text not null,
  secret_id text not null,
  type text not null,
  body_digest text not null,            -- keyed
  received_at timestamptz not null default now(),
  -- What was made of it. Null: nothing yet, and a repeated message is taken up again.
  result jsonb,
  primary key (org_id, message_id)
);
create index webhook_inbound_by_age on webhook_inbound (received_at);

do $$
declare
  t text;
begin
  foreach t in array array['webhook_endpoint', 'webhook_delivery', 'webhook_replay', 'webhook_inbound_secret', 'webhook_inbound'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app using (org_id = current_org())', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select on %I to mg_app', t);
    execute format('grant select, insert, update on %I to mg_ledger', t);
  end loop;
end $$;
grant delete on webhook_delivery, webhook_inbound to mg_ledger;

-- An alert about an endpoint is about no event either.
alter table alert drop constraint alert_cause_check;
alter table alert add constraint alert_cause_check
  check (cause in ('decision', 'outcome-silent', 'outcome-failed', 'break-glass', 'escalation', 'ledger', 'webhook'));
alter table alert drop constraint alert_event_check;
alter table alert add constraint alert_event_check
  check (case when cause in ('ledger', 'webhook') then num_nonnulls(event_id, agent_id, action, review_id) = 0 else num_nulls(event_id, agent_id, action) = 0 end);

reset role;
set local role mg_ledger;

-- False when the organisation has `p_most` already. It is told of what comes after its own record.
create function create_webhook_endpoint(p_org uuid, p_id text, p_name text, p_config bytea, p_types text[], p_by text, p_most int, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  if (select count(*) from webhook_endpoint e where e.org_id = p_org and e.deleted_at is null) >= p_most then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  insert into webhook_endpoint (org_id, id, name, config, types, next_seq, created_by)
    select p_org, p_id, p_name, p_config, p_types, h.next_seq, p_by from ledger_head h where h.org_id = p_org;
  return true;
end $$;

-- False when there is no such endpoint or somebody else has changed it since it was read.
create function change_webhook_endpoint(p_org uuid, p_id text, p_version int, p_name text, p_config bytea, p_types text[], p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update webhook_endpoint e set name = p_name, config = p_config, types = p_types, version = e.version + 1
    where e.org_id = p_org and e.id = p_id and e.version = p_version and e.deleted_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- What was pending is missed; its runs find that out when they wake.
create function miss_webhooks(p_org uuid, p_id text) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  -- Several deliveries are locked in one order everywhere, so that nobody waits in a circle.
  with pending as (
    select d.message_id from webhook_delivery d where d.org_id = p_org and d.endpoint_id = p_id and d.status = 'pending' order by d.message_id for update)
  update webhook_delivery d set status = 'missed', finished_at = now(), last_error = coalesce(d.last_error, 'the endpoint was disabled')
    from pending p where d.org_id = p_org and d.endpoint_id = p_id and d.message_id = p.message_id $$;

-- False when there is no such endpoint or it is disabled already.
create function disable_webhook_endpoint(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update webhook_endpoint e set status = 'disabled', disabled_reason = 'by-request', disabled_at = now()
    where e.org_id = p_org and e.id = p_id and e.status = 'enabled' and e.deleted_at is null;
  if not found then
    return false;
  end if;
  perform miss_webhooks(p_org, p_id);
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- False when there is no such endpoint or it is enabled already. It goes on from now; what it missed is sent when somebody asks for it.
create function enable_webhook_endpoint(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update webhook_endpoint e
    set status = 'enabled', disabled_reason = null, disabled_at = null, failing_since = null, last_error = null, throttled_until = null,
        missed_from = case when e.next_seq < h.next_seq then least(e.missed_from, e.next_seq) else e.missed_from end, next_seq = h.next_seq
    from ledger_head h
    where h.org_id = p_org and e.org_id = p_org and e.id = p_id and e.status = 'disabled' and e.deleted_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create function delete_webhook_endpoint(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  -- The URL and the secrets go with it.
  update webhook_endpoint e set deleted_at = now(), config = ''::bytea where e.org_id = p_org and e.id = p_id and e.deleted_at is null;
  if not found then
    return false;
  end if;
  perform miss_webhooks(p_org, p_id);
  perform audit_append(p_org, p_audit);
  return true;
end $$;

reset role;
