-- What settles a decision and moves a review, with everything that goes with it in one call.
set local role mg_ledger;
drop function governance_settle(jsonb[]);
drop function review_record(uuid, text, int, uuid, text, jsonb, text, text, timestamptz, timestamptz, timestamptz);

-- Settles decisions: quota, session state, agents, reviews and ledger together, in one call for a whole batch.
-- One item: {org, recordId, eventId, digest, body, fields, at, configVersion, units,
--   agent: {id, register, touch}, session: {id, version, state, holder, reserve} | null,
--   review: {…columns, joins} | null, violations: [{id, body, fields}],
--   grant: id | null, alert: {id, cause, reasons} | null, outcome: {within_ms, due_at} | null}
-- A review that `joins` is asked through a pending one of the same session and action digest, where there is one.
-- Answers per item a status:
--   recorded  the item stands; receipt and body as given
--   exists    the event stood already with the same digest; receipt and body of the first time
--   conflict  the event stood already with another digest
--   stale     what the decision was based on has changed; nothing recorded; the current session row is returned,
--             and `grant_spent` where the grant is used up, over or revoked
--   quota     the month's events are used up; nothing recorded
create function governance_settle(p_items jsonb[])
  returns table (ord int, status text, seq bigint, entry_hash bytea, at timestamptz, checkpoint_size bigint, body text,
                 session_version bigint, session_state text, config_version bigint, grant_spent boolean)
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
  v_review jsonb;
  v_leader text;
  v_reviews text[] := '{}';
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
    session_version := null; session_state := null; config_version := null; grant_spent := null;

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
                          joined_to, config_version)
        select v_org, v.id, i ->> 'eventId', i #>> '{agent,id}', i #>> '{fields,action}', s ->> 'id', (i #>> '{fields,riskScore}')::smallint,
               'pending', v.digest, v.plan, v.state, v.summary, v.created_at, v.due_at, v.expires_at, v_leader, v_organization.config_version
        from jsonb_to_record(v_review) as v(id text, digest text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz, expires_at timestamptz);
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
    for v_violation in select * from jsonb_array_elements(i -> 'violations') loop
      n := n + 1; v_items[n] := 0;
      a_orgs := a_orgs || v_org; a_kinds := a_kinds || 4::smallint; a_ids := a_ids || (v_violation ->> 'id')::uuid;
      a_bodies := a_bodies || (v_violation ->> 'body'); a_fields := a_fields || (v_violation -> 'fields');
    end loop;
  end loop;

  if n > 0 then
    return query
      select v_items[l.ord], 'recorded'::text, l.seq, l.entry_hash, l.at, l.checkpoint_size, null::text, null::bigint, null::text, null::bigint, null::boolean
      from ledger_append(a_orgs, a_kinds, a_ids, a_bodies, a_fields) l
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


-- Records what happened to reviews, and moves their rows. One item:
-- {org, id, version, entries: [{id, body, fields}], row: {…columns},
--  followers: [{id, entries, row}], violations: [{id, body, fields}], audits: [{id, body, fields}], alerts: [{…columns}], votes: [{…columns}],
--  opens: {…columns of a further review} | null, outcome_due_at}
-- The first entry names the step. Statuses: recorded; exists (this step was recorded before); stale (the row has moved on).
-- `open_only` false lets a step be recorded about a review that is decided, such as the use of its approval.
create function review_record(p_items jsonb[])
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
  a_orgs uuid[]; a_kinds smallint[]; a_ids uuid[]; a_bodies text[]; a_fields jsonb[];
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
    if v.version <> (i ->> 'version')::int or (v.status <> 'pending' and coalesce((i ->> 'open_only')::boolean, true)) then
      status := 'stale'; return next; continue;
    end if;

    a_orgs := '{}'; a_kinds := '{}'; a_ids := '{}'; a_bodies := '{}'; a_fields := '{}';
    for w in
      select 2::smallint as kind, x from jsonb_array_elements(i -> 'entries') x
      union all select 2::smallint, x from jsonb_array_elements(i -> 'followers') f, jsonb_array_elements(f -> 'entries') x
      union all select 3::smallint, x from jsonb_array_elements(i -> 'audits') x
      union all select 4::smallint, x from jsonb_array_elements(i -> 'violations') x
    loop
      a_orgs := a_orgs || v_org; a_kinds := a_kinds || w.kind; a_ids := a_ids || (w.x ->> 'id')::uuid;
      a_bodies := a_bodies || (w.x ->> 'body'); a_fields := a_fields || (w.x -> 'fields');
    end loop;
    for w in select * from ledger_append(a_orgs, a_kinds, a_ids, a_bodies, a_fields) l order by l.ord loop
      if w.ord = 1 then
        seq := w.seq; entry_hash := w.entry_hash;
      end if;
      v_last := w.seq;
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
                          kind, config_version, changed_seq)
        select v_org, x.id, v.event_id, v.agent_id, v.action, v.session_id, v.risk_score, 'pending', v.action_digest, x.plan, x.state, x.summary, x.created_at, x.due_at,
               x.expires_at, 'after', v.config_version, v_last
        from jsonb_to_record(i -> 'opens') as x(id text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz, expires_at timestamptz)
        on conflict do nothing;
      perform pg_notify('mg_review', v_org || ' ' || (i #>> '{opens,id}'));
    end if;
    -- Notices are told apart by their text, so each review is told of once however many items of a batch name it.
    perform pg_notify('mg_review', v_org || ' ' || v.id);
    status := 'recorded';
    return next;
  end loop;
end $$;

-- Sets the columns that `p_row` names.
create function review_move(p_org uuid, p_review text, p_row jsonb, p_seq bigint) returns void
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
    joined = case when p_row ? 'joined' then array(select jsonb_array_elements_text(p_row -> 'joined')) else q.joined end
  where q.org_id = p_org and q.id = p_review;
  select pg_notify('mg_review', p_org || ' ' || p_review) $$;

-- Uses an approval, once. `p_entry` is {id, body, fields}; `p_consumer` names the caller's try, so that a retry of it is answered again.
-- Answers `proceed` with the receipt, or the refusal's code; of two that race the ledger's head lets one in.
create function review_consume(p_org uuid, p_review text, p_digest text, p_consumer text, p_entry jsonb)
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

grant execute on function governance_settle(jsonb[]), review_record(jsonb[]), review_consume(uuid, text, text, text, jsonb) to mg_app;
