-- Keys of data subjects and their destruction. Personal fields are encrypted before a record is hashed: docs/spec/sealed-fields.md.
-- The keys have a schema of their own, so that its backups can be kept shorter than those of what they open.
create schema if not exists vault authorization mg_owner;
set local role mg_owner;
grant usage on schema vault to mg_ledger;

-- One live key of a subject at most: the newest. `wrapped_dek` opens with a key that is derived from the master key, outside the database.
create table vault.subject_key (
  org_id uuid not null,
  subject_ref bytea not null check (length(subject_ref) = 32),
  version int not null check (version >= 1),
  wrapped_dek bytea,
  commitment bytea not null check (length(commitment) = 32),
  created_at timestamptz not null,
  destroyed_at timestamptz,
  primary key (org_id, subject_ref, version),
  check ((wrapped_dek is null) = (destroyed_at is not null))
);

-- Ledger entries that hold something sealed for a subject: what an erasure touches.
create table vault.subject_use (
  org_id uuid not null,
  subject_ref bytea not null,
  seq bigint not null,
  primary key (org_id, subject_ref, seq)
);

do $$
declare
  t text;
begin
  foreach t in array array['vault.subject_key', 'vault.subject_use'] loop
    execute format('alter table %s enable row level security, force row level security', t);
    execute format('create policy writer on %s to mg_ledger using (true) with check (true)', t);
    execute format('grant select, insert on %s to mg_ledger', t);
  end loop;
end $$;
grant update (wrapped_dek, destroyed_at) on vault.subject_key to mg_ledger;

-- A destruction and what follows from it. The person is named by reference only.
create table erasure (
  org_id uuid not null references organization,
  id text not null,
  subject_ref bytea not null,
  subject_kind text not null check (subject_kind in ('user', 'session', 'event')),
  legal_ground text not null,
  ground_text text,
  reference text,
  requested_by text not null,
  requested_at timestamptz not null,
  -- Its place in the ledger: what was recorded before is concerned.
  seq bigint not null,
  keys_destroyed int not null,
  touched jsonb not null,       -- {events, reviewSteps, auditRecords, reviews}
  status text not null default 'running' check (status in ('running', 'completed', 'cancelled')),
  -- Events and reviews whose runs are looked for, and those looked at.
  total bigint not null,
  done bigint not null default 0,
  backups_expire_at timestamptz not null,
  histories_gone_at timestamptz,
  finished_at timestamptz,
  primary key (org_id, id)
);
create index on erasure (org_id, subject_ref, seq);
create index erasure_running on erasure (requested_at) where status = 'running';
alter table erasure enable row level security, force row level security;
create policy tenant on erasure for select to mg_app, mg_report using (org_id = current_org());
create policy writer on erasure to mg_ledger using (true) with check (true);
grant select on erasure to mg_app, mg_report;
grant select, insert, update on erasure to mg_ledger;

-- Whose the texts of a review are, and the version of the key it was opened under. Null in rows of 0.1.0, whose texts are readable.
alter table review add column subject_ref bytea, add column subject_version int;
create index review_by_subject on review (org_id, subject_ref, id) where subject_ref is not null;
-- What people wrote about an event, sealed. `note` and `reason` hold what is about no event, and what 0.1.0 wrote.
alter table alert add column note_sealed text;
alter table approval_grant add column reason_sealed text;

reset role;
set local role mg_ledger;

-- Takes the keys that something is recorded under: [{ref, version, commitment, wrapped}]. False, and nothing is stored, where one of them is
-- not the subject's newest live key; `wrapped` (base64) makes it that where there is none. Under the ledger's head, so that no erasure comes between.
create function take_subject_keys(p_org uuid, p_keys jsonb) returns boolean
  language plpgsql
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_new boolean;
begin
  if p_keys is null or jsonb_typeof(p_keys) <> 'array' or jsonb_array_length(p_keys) = 0 then
    return true;
  end if;
  select bool_or(k.version is null or k.destroyed_at is not null) into v_new
    from jsonb_to_recordset(p_keys) as x(ref text, version int, commitment text, wrapped text)
    left join lateral (
      select s.version, s.commitment, s.destroyed_at from vault.subject_key s
      where s.org_id = p_org and s.subject_ref = decode(x.ref, 'hex') order by s.version desc limit 1) k on true
    having bool_and(case
      when k.version is null then x.wrapped is not null and x.version = 1
      when k.destroyed_at is not null then x.wrapped is not null and x.version = k.version + 1
      else x.version = k.version and decode(x.commitment, 'hex') = k.commitment end);
  if v_new is null then
    return false;
  end if;
  if v_new then
    insert into vault.subject_key (org_id, subject_ref, version, wrapped_dek, commitment, created_at)
      select p_org, decode(x.ref, 'hex'), x.version, decode(x.wrapped, 'base64'), decode(x.commitment, 'hex'), ledger_now()
      from jsonb_to_recordset(p_keys) as x(ref text, version int, commitment text, wrapped text)
      where x.wrapped is not null
      on conflict do nothing;
  end if;
  return true;
end $$;

-- The newest keys of those subjects that have had one.
create function subject_keys(p_org uuid, p_refs text[]) returns table (subject text, version int, commitment text, wrapped bytea)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select r.ref, k.version, encode(k.commitment, 'hex'), k.wrapped_dek
  from unnest(p_refs) as r(ref)
  cross join lateral (
    select s.version, s.commitment, s.wrapped_dek from vault.subject_key s
    where s.org_id = p_org and s.subject_ref = decode(r.ref, 'hex') order by s.version desc limit 1) k $$;

-- An audit record with sealed members: `p_audit` is {id, body, fields, keys, subjects}. Raises MG001 where a key is out of date; the caller
-- seals anew and tries again.
create function sealed_audit_append(p_org uuid, p_audit jsonb) returns bigint
  language plpgsql
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_seq bigint;
begin
  if not take_subject_keys(p_org, p_audit -> 'keys') then
    raise exception 'the key of a data subject is out of date' using errcode = 'MG001';
  end if;
  select l.seq into v_seq
    from ledger_append(array[p_org], array[3::smallint], array[(p_audit ->> 'id')::uuid], array[p_audit ->> 'body'], array[p_audit -> 'fields']) l;
  insert into vault.subject_use (org_id, subject_ref, seq)
    select p_org, decode(x, 'hex'), v_seq from jsonb_array_elements_text(coalesce(p_audit -> 'subjects', '[]')) x on conflict do nothing;
  return v_seq;
end $$;

drop function governance_settle(jsonb[]);

-- As in migration 0007, and with it: `keys` and `subjects` of an item are the keys its records are sealed under, and the references its body
-- is sealed for; its review names `subject` and `subject_version`. Status stale with `keys_stale` where one of the keys is out of date.
create function governance_settle(p_items jsonb[])
  returns table (ord int, status text, seq bigint, entry_hash bytea, at timestamptz, checkpoint_size bigint, body text,
                 session_version bigint, session_state text, config_version bigint, grant_spent boolean, keys_stale boolean)
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
  u_ord int[] := '{}'; u_refs text[] := '{}';
  v_violation jsonb;
  v_review jsonb;
  v_leader text;
  v_reviews text[] := '{}';
  v_subjects text[];
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
    session_version := null; session_state := null; config_version := null; grant_spent := null; keys_stale := null;

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
    if status is null and i ->> 'grant' is not null and not exists (
      select from approval_grant g where g.org_id = v_org and g.id = i ->> 'grant' and g.revoked_at is null and g.expires_at > ledger_now() and g.uses < g.max_uses
    ) then
      status := 'stale'; grant_spent := true;
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
    -- Last of what can refuse: from here on new keys are stored, and the item with them.
    if not take_subject_keys(v_org, i -> 'keys') then
      status := 'stale'; keys_stale := true;
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
    if i ->> 'grant' is not null then
      update approval_grant g set uses = g.uses + 1 where g.org_id = v_org and g.id = i ->> 'grant';
      insert into approval_grant_use (org_id, grant_id, event_id, at) values (v_org, i ->> 'grant', i ->> 'eventId', ledger_now());
    end if;
    v_review := nullif(i -> 'review', 'null');
    if v_review is not null then
      v_leader := null;
      if (v_review ->> 'joins')::boolean then
        update review q set version = q.version + 1, joined = q.joined || (v_review ->> 'id')
          where q.org_id = v_org and q.id = (
            select p.id from review p
            where p.org_id = v_org and p.status = 'pending' and p.joined_to is null and p.kind = 'gate'
              and p.session_id = s ->> 'id' and p.action_digest = v_review ->> 'digest' and cardinality(p.joined) < 100
            order by p.created_at, p.id limit 1)
          returning q.id into v_leader;
      end if;
      insert into review (org_id, id, event_id, agent_id, action, session_id, risk_score, status, action_digest, plan, state, summary, created_at, due_at, expires_at,
                          joined_to, config_version, subject_ref, subject_version)
        select v_org, v.id, i ->> 'eventId', i #>> '{agent,id}', i #>> '{fields,action}', s ->> 'id', (i #>> '{fields,riskScore}')::smallint,
               'pending', v.digest, v.plan, v.state, v.summary, v.created_at, v.due_at, v.expires_at, v_leader, v_organization.config_version,
               decode(v.subject, 'hex'), v.subject_version
        from jsonb_to_record(v_review) as v(id text, digest text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz, expires_at timestamptz,
                                            subject text, subject_version int);
      v_reviews := v_reviews || array[v_org::text, i ->> 'recordId', v_review ->> 'id', v_leader];
    end if;
    if jsonb_typeof(i -> 'alert') = 'object' then
      insert into alert (org_id, id, event_id, agent_id, action, cause, risk_score, reasons, created_at)
        values (v_org, i #>> '{alert,id}', i ->> 'eventId', i #>> '{agent,id}', i #>> '{fields,action}', i #>> '{alert,cause}', (i #>> '{fields,riskScore}')::smallint,
                i #>> '{alert,reasons}', ledger_now());
    end if;
    if jsonb_typeof(i -> 'outcome') = 'object' then
      insert into event_outcome (org_id, event_id, agent_id, action, risk_score, within_ms, due_at)
        values (v_org, i ->> 'eventId', i #>> '{agent,id}', i #>> '{fields,action}', (i #>> '{fields,riskScore}')::smallint, (i #>> '{outcome,within_ms}')::bigint,
                (i #>> '{outcome,due_at}')::timestamptz);
    end if;

    n := n + 1; v_items[n] := r.o;
    a_orgs := a_orgs || v_org; a_kinds := a_kinds || 1::smallint; a_ids := a_ids || (i ->> 'recordId')::uuid;
    a_bodies := a_bodies || (i ->> 'body'); a_fields := a_fields || (i -> 'fields');
    if jsonb_typeof(i -> 'subjects') = 'array' then
      v_subjects := array(select jsonb_array_elements_text(i -> 'subjects'));
      u_refs := u_refs || v_subjects; u_ord := u_ord || array_fill(n, array[cardinality(v_subjects)]);
    end if;
    for v_violation in select * from jsonb_array_elements(i -> 'violations') loop
      n := n + 1; v_items[n] := 0;
      a_orgs := a_orgs || v_org; a_kinds := a_kinds || 4::smallint; a_ids := a_ids || (v_violation ->> 'id')::uuid;
      a_bodies := a_bodies || (v_violation ->> 'body'); a_fields := a_fields || (v_violation -> 'fields');
    end loop;
  end loop;

  if n > 0 then
    return query
      with appended as materialized (
        select * from ledger_append(a_orgs, a_kinds, a_ids, a_bodies, a_fields)
      ), used as (
        insert into vault.subject_use (org_id, subject_ref, seq)
          select a_orgs[u.ord], decode(u.ref, 'hex'), l.seq from unnest(u_ord, u_refs) as u(ord, ref) join appended l on l.ord = u.ord on conflict do nothing
      )
      select v_items[l.ord], 'recorded'::text, l.seq, l.entry_hash, l.at, l.checkpoint_size, null::text, null::bigint, null::text, null::bigint, null::boolean, null::boolean
      from appended l
      where v_items[l.ord] > 0;
    -- A feed of the queue reads in ledger order; whoever joined moved the review it joined.
    for n in 1 .. coalesce(array_length(v_reviews, 1), 0) / 4 loop
      update review q set changed_seq = e.seq from ledger_entry e
        where e.org_id = v_reviews[4 * n - 3]::uuid and e.record_id = v_reviews[4 * n - 2]::uuid
          and q.org_id = e.org_id and q.id = any (array[v_reviews[4 * n - 1], v_reviews[4 * n]]);
      perform pg_notify('mg_review', v_reviews[4 * n - 3] || ' ' || coalesce(v_reviews[4 * n], v_reviews[4 * n - 1]));
    end loop;
  end if;
end $$;

-- As in migration 0007, and with it: `keys` of an item are the keys its entries and rows are sealed under, `subjects` of an entry the references
-- it is sealed for. Also stale where one of the keys is out of date.
create or replace function review_record(p_items jsonb[])
  returns table (ord int, status text, seq bigint, entry_hash bytea)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  r record;
  i jsonb;
  e jsonb;
  w record;
  v review;
  v_org uuid;
  v_follower jsonb;
  a_orgs uuid[]; a_kinds smallint[]; a_ids uuid[]; a_bodies text[]; a_fields jsonb[]; a_subjects jsonb[];
  v_last bigint;
begin
  perform 1 from ledger_head h where h.org_id in (select (x ->> 'org')::uuid from unnest(p_items) as x) order by h.org_id for update;
  for r in
    select t.item, t.o::int as o from unnest(p_items) with ordinality as t(item, o) order by t.item ->> 'org', t.o
  loop
    i := r.item; v_org := (i ->> 'org')::uuid;
    ord := r.o; status := null; seq := null; entry_hash := null;
    select * into strict v from review q where q.org_id = v_org and q.id = i ->> 'id' for update;
    select l.seq, l.entry_hash into seq, entry_hash from ledger_entry l where l.org_id = v_org and l.record_id = (i #>> '{entries,0,id}')::uuid;
    if found then
      status := 'exists'; return next; continue;
    end if;
    if v.version <> (i ->> 'version')::int or (v.status <> 'pending' and coalesce((i ->> 'open_only')::boolean, true))
      or not take_subject_keys(v_org, i -> 'keys') then
      status := 'stale'; return next; continue;
    end if;

    a_orgs := '{}'; a_kinds := '{}'; a_ids := '{}'; a_bodies := '{}'; a_fields := '{}'; a_subjects := '{}';
    for w in
      select 2::smallint as kind, x from jsonb_array_elements(i -> 'entries') x
      union all select 2::smallint, x from jsonb_array_elements(i -> 'followers') f, jsonb_array_elements(f -> 'entries') x
      union all select 3::smallint, x from jsonb_array_elements(i -> 'audits') x
      union all select 4::smallint, x from jsonb_array_elements(i -> 'violations') x
    loop
      a_orgs := a_orgs || v_org; a_kinds := a_kinds || w.kind; a_ids := a_ids || (w.x ->> 'id')::uuid;
      a_bodies := a_bodies || (w.x ->> 'body'); a_fields := a_fields || (w.x -> 'fields'); a_subjects := a_subjects || coalesce(w.x -> 'subjects', '[]');
    end loop;
    for w in select * from ledger_append(a_orgs, a_kinds, a_ids, a_bodies, a_fields) l order by l.ord loop
      if w.ord = 1 then
        seq := w.seq; entry_hash := w.entry_hash;
      end if;
      v_last := w.seq;
      if a_subjects[w.ord] <> '[]' then
        insert into vault.subject_use (org_id, subject_ref, seq)
          select v_org, decode(x, 'hex'), w.seq from jsonb_array_elements_text(a_subjects[w.ord]) x on conflict do nothing;
      end if;
    end loop;

    perform review_move(v_org, v.id, i -> 'row', v_last);
    for v_follower in select * from jsonb_array_elements(i -> 'followers') loop
      perform review_move(v_org, v_follower ->> 'id', v_follower -> 'row', v_last);
    end loop;
    insert into review_vote (org_id, record_id, review_id, member_id, verb, at, took_ms, quick)
      select v_org, x.record_id, v.id, x.member_id, x.verb, x.at, x.took_ms, x.quick
      from jsonb_to_recordset(i -> 'votes') as x(record_id uuid, member_id text, verb text, at timestamptz, took_ms bigint, quick boolean);
    insert into alert (org_id, id, event_id, agent_id, action, cause, risk_score, reasons, review_id, created_at)
      select v_org, x.id, v.event_id, v.agent_id, v.action, x.cause, v.risk_score, x.reasons, v.id, ledger_now()
      from jsonb_to_recordset(i -> 'alerts') as x(id text, cause text, reasons text) on conflict do nothing;
    if jsonb_typeof(i -> 'opens') = 'object' then
      insert into review (org_id, id, event_id, agent_id, action, session_id, risk_score, status, action_digest, plan, state, summary, created_at, due_at, expires_at,
                          kind, config_version, changed_seq, subject_ref, subject_version)
        select v_org, x.id, v.event_id, v.agent_id, v.action, v.session_id, v.risk_score, 'pending', coalesce(x.action_digest, v.action_digest), x.plan, x.state,
               x.summary, x.created_at, x.due_at, x.expires_at, 'after', v.config_version, v_last, decode(x.subject, 'hex'), x.subject_version
        from jsonb_to_record(i -> 'opens') as x(id text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz, expires_at timestamptz,
                                                action_digest text, subject text, subject_version int)
        on conflict do nothing;
      perform pg_notify('mg_review', v_org || ' ' || (i #>> '{opens,id}'));
    end if;
    -- Notices are told apart by their text, so each review is told of once however many items of a batch name it.
    perform pg_notify('mg_review', v_org || ' ' || v.id);
    status := 'recorded';
    return next;
  end loop;
end $$;

-- Sets the columns that `p_row` names. Whose the texts of a review are is settled once.
create or replace function review_move(p_org uuid, p_review text, p_row jsonb, p_seq bigint) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  update review q set
    version = q.version + 1,
    changed_seq = p_seq,
    status = coalesce(p_row ->> 'status', q.status),
    state = coalesce(p_row ->> 'state', q.state),
    plan = coalesce(p_row ->> 'plan', q.plan),
    summary = coalesce(p_row ->> 'summary', q.summary),
    action_digest = coalesce(p_row ->> 'action_digest', q.action_digest),
    due_at = case when p_row ? 'due_at' then (p_row ->> 'due_at')::timestamptz else q.due_at end,
    expires_at = coalesce((p_row ->> 'expires_at')::timestamptz, q.expires_at),
    decided_at = coalesce((p_row ->> 'decided_at')::timestamptz, q.decided_at),
    approval_expires_at = coalesce((p_row ->> 'approval_expires_at')::timestamptz, q.approval_expires_at),
    config_version = coalesce((p_row ->> 'config_version')::bigint, q.config_version),
    settled_by = coalesce(p_row ->> 'settled_by', q.settled_by),
    joined_to = case when p_row ? 'joined_to' then p_row ->> 'joined_to' else q.joined_to end,
    joined = case when p_row ? 'joined' then array(select jsonb_array_elements_text(p_row -> 'joined')) else q.joined end,
    subject_ref = coalesce(q.subject_ref, decode(p_row ->> 'subject', 'hex')),
    subject_version = coalesce(q.subject_version, (p_row ->> 'subject_version')::int)
  where q.org_id = p_org and q.id = p_review;
  select pg_notify('mg_review', p_org || ' ' || p_review) $$;

-- As in migration 0007. `p_digest` is keyed where the row's is. Answers `erased` where the key of its texts was destroyed: nobody could say any
-- more what was approved.
create or replace function review_consume(p_org uuid, p_review text, p_digest text, p_consumer text, p_entry jsonb)
  returns table (result text, status text, event_id text, state text, consumed_at timestamptz, seq bigint, entry_hash bytea)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v review;
  v_organization organization;
  v_now timestamptz;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into v from review q where q.org_id = p_org and q.id = p_review for update;
  if not found or v.kind <> 'gate' then
    return;
  end if;
  status := v.status; event_id := v.event_id; state := v.state; consumed_at := v.consumed_at;
  select * into strict v_organization from organization o where o.org_id = p_org;
  v_now := ledger_now();
  result := case
    when v.status = 'pending' then 'pending'
    when v.status = 'withdrawn' then 'withdrawn'
    when v.status = 'expired' and v.approval_expires_at is null then 'expired'
    when v.approval_expires_at is null then 'rejected'
    when v.subject_ref is not null and not exists (
      select from vault.subject_key k
      where k.org_id = p_org and k.subject_ref = v.subject_ref and k.version = v.subject_version and k.destroyed_at is null) then 'erased'
    when v.action_digest <> p_digest then 'digest_mismatch'
    when v.consumed_at is not null and v.consumed_by = p_consumer then 'proceed'
    when v.consumed_at is not null then 'already_consumed'
    when v.approval_expires_at <= v_now then 'expired'
    when exists (select from agent g where g.org_id = p_org and g.agent_id = v.agent_id and g.status = 'stopped')
      or exists (select from agent_stop t where t.org_id = p_org and t.lifted_at is null and t.agents && array['*', v.agent_id]) then 'agent_stopped'
    when v.summary::jsonb #>> '{policy,version}' is distinct from v_organization.active_policy_id || '@' || v_organization.active_policy_version then 'policy_changed'
    else 'proceed' end;
  if result <> 'proceed' then
    return next;
    return;
  end if;
  select l.seq, l.entry_hash into seq, entry_hash from ledger_append(array[p_org], array[2::smallint], array[(p_entry ->> 'id')::uuid],
    array[p_entry ->> 'body'], array[p_entry -> 'fields']) l;
  if v.consumed_at is null then
    update review q set version = q.version + 1, consumed_at = v_now, consumed_by = p_consumer, changed_seq = seq where q.org_id = p_org and q.id = p_review;
    update event_outcome o set due_at = v_now + o.within_ms * interval '1 millisecond'
      where o.org_id = p_org and o.event_id = v.event_id and o.status = 'waiting' and o.due_at is null;
    consumed_at := v_now;
    perform pg_notify('mg_review', p_org || ' ' || p_review);
  end if;
  return next;
end $$;

-- As in migration 0010, and with it `subject-erased`: what nobody can read any more nobody can decide, nor judge.
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
    when 'subject-erased' then q.subject_ref = decode(s.cause::jsonb ->> 'subject', 'hex') and q.subject_version <= (s.cause::jsonb ->> 'version')::int
    else false end $$;

-- As in migration 0009; `p_audit` may have sealed members (see `sealed_audit_append`) and the sealed note as `noteSealed`.
create or replace function handle_alert(p_org uuid, p_id text, p_status text, p_member text, p_note text, p_opens jsonb, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v alert;
  v_seq bigint;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update alert a set status = p_status, handled_at = ledger_now(), handled_by = p_member, note = p_note, note_sealed = p_audit ->> 'noteSealed',
                     escalated_to = p_opens ->> 'id'
    where a.org_id = p_org and a.id = p_id and a.status = 'open' returning a.* into v;
  if not found then
    return false;
  end if;
  v_seq := sealed_audit_append(p_org, p_audit);
  if jsonb_typeof(p_opens) = 'object' then
    insert into review (org_id, id, event_id, agent_id, action, session_id, risk_score, status, action_digest, plan, state, summary, created_at, due_at, expires_at,
                        kind, config_version, changed_seq, subject_ref, subject_version)
      select p_org, x.id, v.event_id, v.agent_id, v.action, x.session_id, v.risk_score, 'pending', x.digest, x.plan, x.state, x.summary, x.created_at, x.due_at,
             x.expires_at, 'after', o.config_version, v_seq, decode(x.subject, 'hex'), x.subject_version
      from jsonb_to_record(p_opens) as x(id text, digest text, session_id text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz,
                                         expires_at timestamptz, subject text, subject_version int),
           organization o
      where o.org_id = p_org;
    perform pg_notify('mg_review', p_org || ' ' || (p_opens ->> 'id'));
  end if;
  return true;
end $$;

-- As in migration 0012; the detail is sealed text.
create or replace function report_outcome(p_org uuid, p_event text, p_outcome text, p_detail text, p_reporter text, p_audit jsonb)
  returns table (status text, outcome text, reported_at timestamptz)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v event_outcome;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into v from event_outcome o where o.org_id = p_org and o.event_id = p_event for update;
  if not found then
    status := 'unknown'; return next; return;
  end if;
  if v.status in ('waiting', 'silent', 'unused') then
    perform sealed_audit_append(p_org, p_audit);
    update event_outcome o set status = p_outcome, detail = p_detail, reported_by = p_reporter, reported_at = ledger_now()
      where o.org_id = p_org and o.event_id = p_event returning o.* into v;
    status := 'recorded';
  else
    status := case when v.status = p_outcome then 'exists' else 'conflict' end;
  end if;
  outcome := v.status; reported_at := v.reported_at;
  return next;
end $$;

-- As in migration 0009; the reason is sealed where the grant comes from a review.
create or replace function create_grant(p_org uuid, p_grant jsonb, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  insert into approval_grant (org_id, id, agent_id, tool, bounds, session_id, review_id, expires_at, max_uses, reason, reason_sealed, granted_by)
    select p_org, x.id, x.agent_id, x.tool, x.bounds, x.session_id, x.review_id, x.expires_at, x.max_uses, x.reason, x.reason_sealed, x.granted_by
    from jsonb_to_record(p_grant) as x(id text, agent_id text, tool text, bounds text, session_id text, review_id text, expires_at timestamptz, max_uses int,
                                       reason text, reason_sealed text, granted_by text);
  perform sealed_audit_append(p_org, p_audit);
end $$;

-- Destroys every key of a subject, with the entry that says so: nothing sealed for it opens again, in this table or in a later backup of it.
-- Statuses: destroyed; exists (it was destroyed before: the erasure that did, which goes on where it had been cancelled); held (by `holds`);
-- unknown (nothing was ever sealed for that subject). `p_erasure` is {id, ref, kind, ground, groundText, reference, by, backupDays}.
create function erase_subject(p_org uuid, p_erasure jsonb, p_audit jsonb) returns table (status text, id text, holds text[])
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v_ref bytea := decode(p_erasure ->> 'ref', 'hex');
  v_now timestamptz;
  v_seq bigint;
  v_keys int;
  v_version int;
  v_below bigint;
  v_kinds bigint[] := '{0,0,0,0}';
  v_reviews bigint;
  v_id text;
  r record;
begin
  -- Most of the counting is done before anybody has to wait.
  select coalesce(max(u.seq), -1) + 1 into v_below from vault.subject_use u where u.org_id = p_org and u.subject_ref = v_ref;
  for r in
    select e.kind, count(*) as n from vault.subject_use u join ledger_entry e on e.org_id = u.org_id and e.seq = u.seq
    where u.org_id = p_org and u.subject_ref = v_ref and u.seq < v_below group by e.kind
  loop
    v_kinds[r.kind] := r.n;
  end loop;

  perform 1 from ledger_head h where h.org_id = p_org for update;
  v_now := ledger_now();
  holds := array(
    select h.id from legal_hold h
    where h.org_id = p_org and h.released_at is null
      and ((h.held_from is null and h.held_until is null) or exists (
        select from vault.subject_use u join ledger_entry e on e.org_id = u.org_id and e.seq = u.seq
        where u.org_id = p_org and u.subject_ref = v_ref and (h.held_from is null or h.held_from <= e.at) and (h.held_until is null or e.at <= h.held_until)))
    order by h.id);
  if cardinality(holds) > 0 then
    status := 'held'; return next; return;
  end if;

  update vault.subject_key k set wrapped_dek = null, destroyed_at = v_now
    where k.org_id = p_org and k.subject_ref = v_ref and k.destroyed_at is null;
  get diagnostics v_keys = row_count;
  if v_keys = 0 then
    select x.id into v_id from erasure x where x.org_id = p_org and x.subject_ref = v_ref order by x.seq desc limit 1;
    status := case when found then 'exists' else 'unknown' end;
    update erasure x set status = 'running', finished_at = null where x.org_id = p_org and x.id = v_id and x.status = 'cancelled';
    id := v_id; holds := null;
    return next; return;
  end if;

  select l.seq into v_seq
    from ledger_append(array[p_org], array[3::smallint], array[(p_audit ->> 'id')::uuid], array[p_audit ->> 'body'], array[p_audit -> 'fields']) l;
  for r in
    select e.kind, count(*) as n from vault.subject_use u join ledger_entry e on e.org_id = u.org_id and e.seq = u.seq
    where u.org_id = p_org and u.subject_ref = v_ref and u.seq >= v_below group by e.kind
  loop
    v_kinds[r.kind] := v_kinds[r.kind] + r.n;
  end loop;
  select count(*) into v_reviews from review q where q.org_id = p_org and q.subject_ref = v_ref;
  select max(k.version) into v_version from vault.subject_key k where k.org_id = p_org and k.subject_ref = v_ref;

  insert into erasure (org_id, id, subject_ref, subject_kind, legal_ground, ground_text, reference, requested_by, requested_at, seq, keys_destroyed, touched, total,
                       backups_expire_at)
    values (p_org, p_erasure ->> 'id', v_ref, p_erasure ->> 'kind', p_erasure ->> 'ground', p_erasure ->> 'groundText', p_erasure ->> 'reference', p_erasure ->> 'by', v_now,
            v_seq, v_keys, jsonb_build_object('events', v_kinds[1], 'reviewSteps', v_kinds[2], 'auditRecords', v_kinds[3], 'reviews', v_reviews),
            v_kinds[1] + v_kinds[2] + v_kinds[3] + v_reviews, v_now + make_interval(days => (p_erasure ->> 'backupDays')::int));

  -- What still waits for a decision about the person's data can be decided by nobody.
  perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'subject-erased', 'subject', p_erasure ->> 'ref', 'version', v_version));
  -- Leave that somebody gave in such a review names its arguments.
  if exists (select from approval_grant g join review q on q.org_id = g.org_id and q.id = g.review_id where g.org_id = p_org and q.org_id = p_org and q.subject_ref = v_ref) then
    perform bump_config(p_org);
    update approval_grant g set bounds = '{}', reason = null, revoked_at = coalesce(g.revoked_at, v_now), revoked_by = coalesce(g.revoked_by, p_erasure ->> 'by')
      from review q where g.org_id = p_org and q.org_id = p_org and q.id = g.review_id and q.subject_ref = v_ref;
  end if;
  -- Every process forgets what it remembers of the keys.
  perform pg_notify('mg_subject', p_org || ' ' || (p_erasure ->> 'ref'));
  status := 'destroyed'; id := p_erasure ->> 'id'; holds := null;
  return next;
end $$;

-- The touched entries behind `p_after`, for finding the runs that hold their content: the event each is about. Null where its body is gone.
create function erasure_entries(p_org uuid, p_id text, p_after bigint, p_limit int) returns table (seq bigint, event_id text)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  with page as (
    select u.seq from erasure x join vault.subject_use u on u.org_id = x.org_id and u.subject_ref = x.subject_ref and u.seq < x.seq
    where x.org_id = p_org and x.id = p_id and u.seq > p_after order by u.seq limit p_limit)
  select p.seq, coalesce(
      (select b.event_id from agent_events b where b.org_id = p_org and b.seq = p.seq),
      (select b.event_id from hitl_decisions b where b.org_id = p_org and b.seq = p.seq))
    from page p order by p.seq $$;

-- How far the search for its runs has come; answers the status, null where there is no such erasure.
create function move_erasure(p_org uuid, p_id text, p_done bigint, p_histories_gone_at timestamptz) returns text
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  update erasure x
    set done = case when x.status = 'running' then least(greatest(x.done, p_done), x.total) else x.done end,
        histories_gone_at = case when x.status = 'running' then coalesce(p_histories_gone_at, x.histories_gone_at) else x.histories_gone_at end
    where x.org_id = p_org and x.id = p_id returning x.status $$;

-- Ends an erasure, with the entry that says so. False when there is no such erasure or it has ended.
create function end_erasure(p_org uuid, p_id text, p_status text, p_histories_gone_at timestamptz, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update erasure x set status = p_status, finished_at = ledger_now(), histories_gone_at = coalesce(p_histories_gone_at, x.histories_gone_at),
                       done = case when p_status = 'completed' then x.total else x.done end
    where x.org_id = p_org and x.id = p_id and x.status = 'running';
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- For whoever takes up what a lost process has left lying, across organisations.
create function running_erasures(p_limit int) returns table (org_id uuid, id text)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select x.org_id, x.id from erasure x where x.status = 'running' order by x.requested_at limit p_limit $$;

grant execute on function
  governance_settle(jsonb[]),
  subject_keys(uuid, text[]),
  erase_subject(uuid, jsonb, jsonb),
  erasure_entries(uuid, text, bigint, int),
  move_erasure(uuid, text, bigint, timestamptz),
  end_erasure(uuid, text, text, timestamptz, jsonb),
  running_erasures(int)
  to mg_app;
