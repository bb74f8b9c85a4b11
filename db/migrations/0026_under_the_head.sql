-- What has to be known under the ledger's head, where nothing comes between looking and writing.
set local role mg_ledger;

-- As in migration 0016, and also stale where the key, or the secret, that an item came by (`via`) is revoked: what was sent before and is recorded after would be
-- found by no sweep.
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
      or exists (select from api_key k where k.org_id = v_org and 'key:' || k.id = i ->> 'via' and k.revoked_at is not null)
      or exists (select from webhook_inbound_secret s where s.org_id = v_org and 'webhook:' || s.id = i ->> 'via' and s.revoked_at is not null)
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

drop function close_unused_outcome(uuid, text);

-- An approval that was never used has nothing to report. True when that ended the wait; false when there is nothing (more) to end, or the approval may still be
-- used: by the ledger's clock, as it is used.
create function close_unused_outcome(p_org uuid, p_event text) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update event_outcome o set status = 'unused' where o.org_id = p_org and o.event_id = p_event and o.status = 'waiting' and o.due_at is null
    and not exists (
      select from review q where q.org_id = p_org and q.event_id = p_event and q.kind = 'gate' and q.consumed_at is null and q.approval_expires_at > ledger_now());
  return found;
end $$;

grant execute on function close_unused_outcome(uuid, text) to mg_app;

drop function create_inbound_secret(uuid, text, text, bytea, text[], text, timestamptz, jsonb);

-- False when the organisation has `p_most` in force already: more than that are not tried on what comes in.
create function create_inbound_secret(p_org uuid, p_id text, p_name text, p_secret bytea, p_members text[], p_by text, p_expires_at timestamptz, p_most int,
                                      p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  if (select count(*) from webhook_inbound_secret s
      where s.org_id = p_org and s.revoked_at is null and (s.expires_at is null or s.expires_at > now())) >= p_most then
    return false;
  end if;
  insert into webhook_inbound_secret (org_id, id, name, secret, members, created_by, expires_at) values (p_org, p_id, p_name, p_secret, p_members, p_by, p_expires_at);
  perform audit_append(p_org, p_audit);
  return true;
end $$;

grant execute on function create_inbound_secret(uuid, text, text, bytea, text[], text, timestamptz, int, jsonb) to mg_app;

reset role;
