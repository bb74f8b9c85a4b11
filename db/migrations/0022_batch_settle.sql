-- Settles what has happened already a batch at a time: quota, agents and each session are written once for all of its events.
set local role mg_ledger;

-- A batch of one organisation: all of it is recorded, or nothing. `p_kinds`, `p_ids`, `p_bodies` and `p_fields` are its records in the order of the ledger: events
-- (kind 1), each with its violations (kind 4) behind it; `p_digests` has the keyed hash of an event, and null for a violation. Bodies and fields are JSON texts of
-- one line each, joined by line feeds, because arrays of texts full of quotes are dear to write and to read.
-- `p_rest`: {configVersion, holder, sessions: [{id, version, events, state}], register: [agent ids], touch: [agent ids], alerts: [{…columns}],
--   keys: as of `take_subject_keys`, uses: [{ord, ref}]}; a session is the one after all of its `events`, `ord` is a place among the records.
-- Answers rows of one status each:
--   recorded          one per event, in its place `ord`
-- or, and nothing is recorded, every reason that there is:
--   exists, conflict  an event stood already, with the same digest (then with receipt and body of the first time) or with another one
--   config            `version` is that of now
--   session           another version stands, or another process has reserved the row: `session` with its `version` and `state` of now
--   quota             the month has room for `version` events
--   keys              one of the keys is out of date
create function settle_batch(p_org uuid, p_kinds smallint[], p_ids uuid[], p_digests text[], p_bodies text, p_fields text, p_rest jsonb)
  returns table (status text, ord int, seq bigint, entry_hash bytea, checkpoint_size bigint, body text, session text, version bigint, state text)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v_organization organization;
  v_month date;
  v_used bigint;
  v_events int := cardinality(array_positions(p_kinds, 1::smallint));
  v_holder uuid := (p_rest ->> 'holder')::uuid;
  n int;
  v_refused int := 0;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into v_organization from organization o where o.org_id = p_org;

  return query
    select case when b.event_digest = decode(t.digest, 'hex') then 'exists' else 'conflict' end, t.o::int, e.seq, e.entry_hash, b.checkpoint_size, b.body,
           null::text, null::bigint, null::text
    from unnest(p_ids, p_digests) with ordinality as t(id, digest, o)
    join ledger_entry e on e.org_id = p_org and e.record_id = t.id
    -- Without a body the id is spent for ever.
    left join agent_events b on b.org_id = p_org and b.seq = e.seq and b.retention = e.retain_days and b.at = e.at
    where t.digest is not null;
  get diagnostics n = row_count;
  v_refused := v_refused + n;
  v_events := v_events - n;

  if v_organization.config_version <> (p_rest ->> 'configVersion')::bigint then
    status := 'config'; version := v_organization.config_version;
    return next;
    v_refused := v_refused + 1;
    version := null;
  end if;

  -- Whoever writes a session's row holds the ledger's head, so none needs to be locked.
  return query
    select 'session', null::int, null::bigint, null::bytea, null::bigint, null::text, x.id, coalesce(ss.version, 0), ss.state
    from jsonb_to_recordset(p_rest -> 'sessions') as x(id text, version bigint)
    left join session_state ss on ss.org_id = p_org and ss.session_id = x.id
    where coalesce(ss.version, 0) <> x.version or (ss.reserved_until > clock_timestamp() and ss.reserved_by <> v_holder);
  get diagnostics n = row_count;
  v_refused := v_refused + n;

  v_month := date_trunc('month', ledger_now() at time zone 'UTC')::date;
  select u.events into v_used from usage_month u where u.org_id = p_org and u.month = v_month;
  if coalesce(v_used, 0) + v_events > v_organization.event_quota then
    status := 'quota'; version := greatest(v_organization.event_quota - coalesce(v_used, 0), 0);
    return next;
    v_refused := v_refused + 1;
    version := null;
  end if;

  if v_refused > 0 then
    return;
  end if;
  -- Last of what can refuse: from here on new keys are stored, and the batch with them.
  if not take_subject_keys(p_org, p_rest -> 'keys') then
    status := 'keys';
    return next;
    return;
  end if;

  insert into usage_month as u (org_id, month, events) values (p_org, v_month, v_events)
    on conflict (org_id, month) do update set events = u.events + excluded.events;
  insert into session_state as ss (org_id, session_id, version, state)
    select p_org, x.id, x.events, x.state from jsonb_to_recordset(p_rest -> 'sessions') as x(id text, events bigint, state text)
    on conflict (org_id, session_id) do update
    set version = ss.version + excluded.version, state = excluded.state, reserved_by = null, reserved_until = null, updated_at = now();
  insert into agent (org_id, agent_id, last_seen_at)
    select p_org, x, now() from jsonb_array_elements_text(p_rest -> 'register') as x on conflict do nothing;
  update agent g set last_seen_at = now()
    from jsonb_array_elements_text(p_rest -> 'touch') as x where g.org_id = p_org and g.agent_id = x;
  insert into alert (org_id, id, event_id, agent_id, action, cause, risk_score, reasons, created_at)
    select p_org, x.id, x.event_id, x.agent_id, x.action, x.cause, x.risk_score, x.reasons, ledger_now()
    from jsonb_to_recordset(p_rest -> 'alerts') as x(id text, event_id text, agent_id text, action text, cause text, risk_score smallint, reasons text);

  return query
    with appended as materialized (
      select l.* from ledger_append(array_fill(p_org, array[cardinality(p_ids)]), p_kinds, p_ids, string_to_array(p_bodies, E'\n'), string_to_array(p_fields, E'\n')::jsonb[]) l
    ), used as (
      insert into vault.subject_use (org_id, subject_ref, seq)
        select p_org, decode(x.ref, 'hex'), l.seq from jsonb_to_recordset(p_rest -> 'uses') as x(ord int, ref text) join appended l on l.ord = x.ord
        on conflict do nothing
    )
    select 'recorded', l.ord, l.seq, l.entry_hash, l.checkpoint_size, null::text, null::text, null::bigint, null::text
    from appended l where p_kinds[l.ord] = 1;
end $$;

grant execute on function settle_batch(uuid, smallint[], uuid[], text[], text, text, jsonb) to mg_app;
