-- What a decision reads and settles beside the ledger: session state, quota, agents, reviews.
set local role mg_owner;

create table session_state (
  org_id uuid not null references organization,
  session_id text not null,
  version bigint not null,
  state text not null,
  -- A decision that lost the race too often holds the row for itself until then.
  reserved_by uuid,
  reserved_until timestamptz,
  updated_at timestamptz not null default now(),
  primary key (org_id, session_id)
) with (fillfactor = 70);

create table usage_month (
  org_id uuid not null references organization,
  month date not null,
  events bigint not null default 0,
  primary key (org_id, month)
) with (fillfactor = 40);

-- The queue as reviewers see it. The truth about each step is in hitl_decisions; this row follows it in the same statement.
create table review (
  org_id uuid not null references organization,
  id text not null,
  event_id text not null,
  agent_id text not null,
  action text not null,
  session_id text,
  risk_score smallint not null,
  version int not null default 1,
  status text not null check (status in ('pending', 'approved', 'rejected', 'expired', 'withdrawn')),
  action_digest text not null,
  plan text not null,          -- JSON text: levels and final outcome
  state text not null,         -- JSON text: level, votes
  summary text not null,       -- JSON text: reasons, policy
  created_at timestamptz not null,
  due_at timestamptz,
  expires_at timestamptz not null,
  decided_at timestamptz,
  primary key (org_id, id)
);
create index review_queue on review (org_id, created_at, id) where status = 'pending';
create index review_by_age on review (org_id, created_at, id);

do $$
declare
  t text;
begin
  foreach t in array array['session_state', 'usage_month', 'review'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select on %I to mg_app, mg_report', t);
    execute format('grant select, insert, update on %I to mg_ledger', t);
  end loop;
end $$;

reset role;
set local role mg_ledger;

-- Settles decisions: quota, session state, agents, reviews and ledger together, in one call for a whole batch.
-- One item: {org, recordId, eventId, digest, body, fields, at, configVersion, units,
--   agent: {id, register, touch}, session: {id, version, state, holder, reserve} | null,
--   review: {…columns} | null, violations: [{id, body, fields}]}
-- Answers per item a status:
--   recorded  the item stands; receipt and body as given
--   exists    the event stood already with the same digest; receipt and body of the first time
--   conflict  the event stood already with another digest
--   stale     what the decision was based on has changed; nothing recorded; the current session row is returned
--   quota     the month's events are used up; nothing recorded
create function governance_settle(p_items jsonb[])
  returns table (ord int, status text, seq bigint, entry_hash bytea, at timestamptz, checkpoint_size bigint, body text,
                 session_version bigint, session_state text, config_version bigint)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  r record;
  i jsonb;
  s jsonb;
  v_org uuid;
  v_organization organization;
  v_used bigint;
  v_month date;
  v_old record;
  v_session session_state;
  v_units int;
  v_items int[] := '{}';
  n int := 0;
  a_orgs uuid[] := '{}'; a_kinds smallint[] := '{}'; a_ids uuid[] := '{}'; a_bodies text[] := '{}'; a_fields jsonb[] := '{}';
  v_violation jsonb;
begin
  perform 1 from ledger_head h
    where h.org_id in (select (x ->> 'org')::uuid from unnest(p_items) as x) order by h.org_id for update;

  for r in
    select t.item, t.o::int as o, (t.item ->> 'org')::uuid as org
    from unnest(p_items) with ordinality as t(item, o)
    order by 3, 2
  loop
    i := r.item;
    s := nullif(i -> 'session', 'null');
    ord := r.o; status := null; seq := null; entry_hash := null; at := null; checkpoint_size := null; body := null;
    session_version := null; session_state := null; config_version := null;

    if r.org is distinct from v_org then
      v_org := r.org;
      select * into v_organization from organization o where o.org_id = v_org;
      v_month := date_trunc('month', ledger_now() at time zone 'UTC')::date;
      select u.events into v_used from usage_month u where u.org_id = v_org and u.month = v_month;
      v_used := coalesce(v_used, 0);
    end if;

    select e.seq, e.entry_hash, e.at, e.retain_days into v_old
      from ledger_entry e where e.org_id = v_org and e.record_id = (i ->> 'recordId')::uuid;
    if found then
      seq := v_old.seq; entry_hash := v_old.entry_hash; at := v_old.at;
      select case when b.event_digest = decode(i ->> 'digest', 'hex') then 'exists' else 'conflict' end, b.body, b.checkpoint_size
        into status, body, checkpoint_size
        from agent_events b
        where b.org_id = v_org and b.seq = v_old.seq and b.retention = v_old.retain_days and b.at = v_old.at;
      status := coalesce(status, 'conflict');  -- the body has been purged: the id is spent for ever
      return next;
      continue;
    end if;

    if v_organization.config_version <> (i ->> 'configVersion')::bigint then
      status := 'stale'; config_version := v_organization.config_version;
    end if;
    if s is not null then
      select * into v_session from session_state ss where ss.org_id = v_org and ss.session_id = s ->> 'id' for update;
      if not found then
        v_session.version := 0; v_session.state := null; v_session.reserved_until := null;
      end if;
      if v_session.version <> (s ->> 'version')::bigint
        or (v_session.reserved_until > clock_timestamp() and v_session.reserved_by <> (s ->> 'holder')::uuid) then
        status := 'stale';
      end if;
      session_version := v_session.version; session_state := v_session.state;
      if status = 'stale' and (s ->> 'reserve')::boolean and v_session.version > 0
        and (v_session.reserved_until is null or v_session.reserved_until <= clock_timestamp()) then
        update session_state ss set reserved_by = (s ->> 'holder')::uuid, reserved_until = clock_timestamp() + interval '1 second'
          where ss.org_id = v_org and ss.session_id = s ->> 'id';
      end if;
    end if;
    if status = 'stale' then
      return next;
      continue;
    end if;

    v_units := (i ->> 'units')::int;
    if v_used + v_units > v_organization.event_quota then
      status := 'quota';
      return next;
      continue;
    end if;
    v_used := v_used + v_units;
    insert into usage_month as u (org_id, month, events) values (v_org, v_month, v_units)
      on conflict (org_id, month) do update set events = u.events + excluded.events;

    if s is not null then
      insert into session_state as ss (org_id, session_id, version, state) values (v_org, s ->> 'id', 1, s ->> 'state')
        on conflict (org_id, session_id) do update
        set version = ss.version + 1, state = excluded.state, reserved_by = null, reserved_until = null, updated_at = now();
    end if;
    if (i #>> '{agent,register}')::boolean then
      insert into agent (org_id, agent_id, last_seen_at) values (v_org, i #>> '{agent,id}', now()) on conflict do nothing;
    elsif (i #>> '{agent,touch}')::boolean then
      update agent g set last_seen_at = now() where g.org_id = v_org and g.agent_id = i #>> '{agent,id}';
    end if;
    if jsonb_typeof(i -> 'review') = 'object' then
      insert into review (org_id, id, event_id, agent_id, action, session_id, risk_score, status, action_digest, plan, state, summary, created_at, due_at, expires_at)
        select v_org, v.id, i ->> 'eventId', i #>> '{agent,id}', i #>> '{fields,action}', s ->> 'id', (i #>> '{fields,riskScore}')::smallint,
               'pending', v.digest, v.plan, v.state, v.summary, v.created_at, v.due_at, v.expires_at
        from jsonb_to_record(i -> 'review') as v(id text, digest text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz, expires_at timestamptz);
    end if;

    n := n + 1; v_items[n] := r.o;
    a_orgs := a_orgs || v_org; a_kinds := a_kinds || 1::smallint; a_ids := a_ids || (i ->> 'recordId')::uuid;
    a_bodies := a_bodies || (i ->> 'body'); a_fields := a_fields || (i -> 'fields');
    for v_violation in select * from jsonb_array_elements(i -> 'violations') loop
      n := n + 1; v_items[n] := 0;
      a_orgs := a_orgs || v_org; a_kinds := a_kinds || 4::smallint; a_ids := a_ids || (v_violation ->> 'id')::uuid;
      a_bodies := a_bodies || (v_violation ->> 'body'); a_fields := a_fields || (v_violation -> 'fields');
    end loop;
  end loop;

  if n > 0 then
    return query
      select v_items[l.ord], 'recorded'::text, l.seq, l.entry_hash, l.at, l.checkpoint_size, null::text, null::bigint, null::text, null::bigint
      from ledger_append(a_orgs, a_kinds, a_ids, a_bodies, a_fields) l
      where v_items[l.ord] > 0;
  end if;
end $$;

-- Takes one step of a review: records it and moves the queue's row, or answers why not.
-- Statuses: recorded; exists (this step was taken before); stale (the row has moved on; the current row is returned).
create function review_record(p_org uuid, p_review text, p_version int, p_step_id uuid, p_body text, p_fields jsonb,
                              p_status text, p_state text, p_due_at timestamptz, p_expires_at timestamptz, p_decided_at timestamptz)
  returns table (status text, version int, review_status text, state text, due_at timestamptz, seq bigint, entry_hash bytea)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v review;
  v_known boolean;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into strict v from review q where q.org_id = p_org and q.id = p_review for update;
  v_known := exists (select from ledger_entry e where e.org_id = p_org and e.record_id = p_step_id);
  if not v_known and v.version = p_version and v.status = 'pending' then
    select l.seq, l.entry_hash into seq, entry_hash from ledger_append(array[p_org], array[2::smallint], array[p_step_id], array[p_body], array[p_fields]) l;
    update review q set version = q.version + 1, status = p_status, state = p_state, due_at = p_due_at, expires_at = p_expires_at,
        decided_at = p_decided_at
      where q.org_id = p_org and q.id = p_review returning q.* into v;
    perform pg_notify('mg_review', p_org || ' ' || p_review);
    status := 'recorded';
  else
    status := case when v_known then 'exists' else 'stale' end;
  end if;
  version := v.version; review_status := v.status; state := v.state; due_at := v.due_at;
  return next;
end $$;

grant execute on function governance_settle(jsonb[]),
  review_record(uuid, text, int, uuid, text, jsonb, text, text, timestamptz, timestamptz, timestamptz) to mg_app;
