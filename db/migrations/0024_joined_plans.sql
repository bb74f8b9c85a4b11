-- As in migration 0016, but a request joins another one only where the same people decide it in the same way: what makes its rule stricter, such as what
-- the session has read meanwhile, is no part of the action's digest.
set local role mg_ledger;
create or replace function governance_settle(p_items jsonb[])
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
              and p.session_id = s ->> 'id' and p.action_digest = v_review ->> 'digest' and p.plan = v_review ->> 'plan' and cardinality(p.joined) < 100
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

reset role;
