-- A purge statement is compared with the records before it. The functions are as in 0015, but for this:
-- - It names the entries of the earlier purges whose rules it keeps. Statements that stand keep their account: what they have of purges before them stays
--   without a number.
-- - What is kept of an older account is equal to what stood there. It had only to be contained in it, without a hold for example.
-- - A notice of shorter retention has the time that entries have.
set local role mg_ledger;

-- A plan's limits, in force at once. Longer retention reaches back to what stands; shorter retention reaches it 30 days after this notice.
-- `p_audits` is {plan, extended, reduced, cancelled}, each as `p_audit` elsewhere, with gaps for what only the ledger knows; those that apply are appended.
-- Statuses: changed; unchanged; unknown (no such organisation).
create or replace function change_plan(p_org uuid, p_plan text, p_retention_days smallint, p_event_quota bigint, p_audits jsonb) returns text
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_now timestamptz;
  v_last_at timestamptz;
  v_next bigint;
  v_old organization;
  v_no int;
  v_open retention_change;
  v_new retention_change;
begin
  if not exists (select from organization o where o.org_id = p_org) then
    return 'unknown';
  end if;
  perform change_retention(p_org);
  -- Under the ledger head: no entry is written between the number that divides old from new and the new limits.
  select h.next_seq, h.last_at into strict v_next, v_last_at from ledger_head h where h.org_id = p_org for update;
  select * into strict v_old from organization o where o.org_id = p_org;
  if (v_old.plan, v_old.retention_days) = (p_plan, p_retention_days) and v_old.event_quota is not distinct from p_event_quota then
    return 'unchanged';
  end if;
  -- As entries have their time, whatever the clock says: a notice is compared with that of the record which gives it.
  v_now := greatest(ledger_now(), v_last_at);
  update organization o set plan = p_plan, retention_days = p_retention_days, event_quota = p_event_quota, config_version = o.config_version + 1
    where o.org_id = p_org;
  perform pg_notify('mg_config', p_org::text);
  perform audit_append(p_org, p_audits -> 'plan');
  if p_retention_days = v_old.retention_days then
    return 'changed';
  end if;

  select coalesce(max(c.no), 0) into v_no from retention_change c where c.org_id = p_org;
  select * into v_open from retention_change c where c.org_id = p_org and c.kind = 'reduced' and c.superseded_at is null;
  update retention_change c set superseded_at = v_now where c.org_id = p_org and c.no = v_open.no;
  if p_retention_days > v_old.retention_days then
    -- An older extension that is no longer than this one says nothing more.
    update retention_change c set superseded_at = v_now
      where c.org_id = p_org and c.kind = 'extended' and c.superseded_at is null and c.days <= p_retention_days;
    v_no := v_no + 1;
    insert into retention_change (org_id, no, kind, before_seq, days, changed_at) values (p_org, v_no, 'extended', v_next, p_retention_days, v_now);
    perform audit_append(p_org, fill_in(p_audits -> 'extended', 'beforeSeq', v_next));
    if v_open.no is not null then
      -- What it was to take away is paid for again, or part of that: under the notice that was given.
      v_new := v_open;
      if p_retention_days >= v_open.reduced_from then
        v_new.kind := 'cancelled';
      else
        v_new.days := p_retention_days;
      end if;
    end if;
  else
    v_new.kind := 'reduced';
    v_new.before_seq := v_next;
    v_new.days := p_retention_days;
    v_new.reduced_from := greatest(v_old.retention_days, v_open.reduced_from);
    v_new.notice_at := v_now;
    v_new.effective_at := v_now + 30 * interval '24 hours';
  end if;

  if v_new.kind is not null then
    insert into retention_change (org_id, no, kind, before_seq, days, reduced_from, notice_at, effective_at, changed_at)
      values (p_org, v_no + 1, v_new.kind, v_new.before_seq, v_new.days, v_new.reduced_from, v_new.notice_at, v_new.effective_at, v_now);
    perform audit_append(p_org, fill_in(fill_in(fill_in(p_audits -> v_new.kind,
      'beforeSeq', v_new.before_seq), 'noticeAt', epoch_ms(v_new.notice_at)), 'effectiveAt', epoch_ms(v_new.effective_at)));
  end if;
  return 'changed';
end $$;

reset role;
set local role mg_retention;

-- What is due in one organisation, and everything a purge entry states about it: one object, times in epoch milliseconds, hashes in hex.
-- `due` is by kind and class; `unsigned` counts bodies that are due but that no checkpoint covers. `previous` is the newest purge entry.
create or replace function purge_statistics(p_org uuid) returns jsonb
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_version bigint := coalesce((select v.version from retention_version v where v.org_id = p_org), 0);
  v_rules jsonb := retention_rules(p_org);
  v_as_of timestamptz := ledger_now();
  v_head ledger_head;
  v_old ledger_prune;
  t record;
  d record;
  v_due jsonb := '[]';
  v_unsigned bigint := 0;
  v_first bigint;
  v_last bigint;
  v_first_body bigint;
  v_tiles bigint;
  v_min_index bigint;
begin
  select * into v_head from ledger_head h where h.org_id = p_org;
  if not found then
    return null;
  end if;
  select * into v_old from ledger_prune p where p.org_id = p_org;
  v_rules := v_rules || jsonb_build_object('upTo', v_head.next_seq);
  for t in select * from body_classes() loop
    execute format('select count(*) filter (where b.seq < $2) as bodies, count(*) filter (where b.seq >= $2) as unsigned,
                           min(b.seq) filter (where b.seq < $2) as first, max(b.seq) filter (where b.seq < $2) as last
                    from %I b where b.org_id = $1 and %s', t.name, purge_condition(v_rules, v_as_of, t.class, t.has_event))
      into d using p_org, v_head.checkpoint_size;
    if d.bodies > 0 then
      v_due := v_due || jsonb_build_object('kind', t.kind, 'retainDays', t.class, 'bodies', d.bodies);
    end if;
    v_unsigned := v_unsigned + d.unsigned;
    v_first := least(v_first, d.first);
    v_last := greatest(v_last, d.last);
  end loop;

  -- The spine may go below every body that stands now, before this purge: what it takes is stated by the next one.
  select min(m.seq) into v_first_body from (
    select min(b.seq) from agent_events b where b.org_id = p_org union all select min(b.seq) from hitl_decisions b where b.org_id = p_org
    union all select min(b.seq) from audit_records b where b.org_id = p_org union all select min(b.seq) from policy_violations b where b.org_id = p_org) as m(seq);
  select case when count(*) = max(l.idx) + 1 then count(*) else 0 end into v_tiles from ledger_tile l where l.org_id = p_org and l.level = 0;
  v_min_index := greatest(v_old.min_index, least(v_first_body, v_head.checkpoint_size, v_tiles * 256) / 256 * 256);

  return v_rules || jsonb_build_object(
    'version', v_version, 'asOf', epoch_ms(v_as_of), 'checkpointSize', v_head.checkpoint_size,
    'due', v_due, 'unsigned', v_unsigned, 'upTo', greatest(v_old.up_to, v_last + 1),
    'firstSeq', v_first, 'firstHash', (select encode(e.entry_hash, 'hex') from ledger_entry e where e.org_id = p_org and e.seq = v_first),
    'lastSeq', v_last, 'lastHash', (select encode(e.entry_hash, 'hex') from ledger_entry e where e.org_id = p_org and e.seq = v_last),
    'minIndex', v_min_index,
    'anchorHash', case when v_min_index = v_old.min_index then encode(v_old.anchor_hash, 'hex')
                       else (select encode(e.entry_hash, 'hex') from ledger_entry e where e.org_id = p_org and e.seq = v_min_index - 1) end,
    'previous', case when v_old.org_id is not null then v_old.statement || jsonb_build_object('seq', v_old.entry_seq, 'at', epoch_ms(v_old.purged_at)) end);
end $$;

-- Appends the purge entry, before anything goes, and opens the run of this organisation. Nothing is taken on trust that can be looked up: the rules in force,
-- the checkpoint, the bodies and tiles below `minIndex`, the account of earlier purges.
-- Statuses: recorded; exists (this entry stands); stale (a hold or a plan changed since `p_version`).
create or replace function purge_record(p_org uuid, p_run text, p_version bigint, p_id uuid, p_body text, p_fields jsonb)
  returns table (status text, seq bigint, at timestamptz)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v_statement jsonb := p_body::jsonb -> 'details';
  v_rules jsonb;
  v_head ledger_head;
  v_old ledger_prune;
  v_min_index bigint := (v_statement ->> 'minIndex')::bigint;
  v_total bigint;
begin
  insert into retention_version (org_id, version) values (p_org, 0) on conflict do nothing;
  perform 1 from retention_version v where v.org_id = p_org and v.version = p_version for share;
  if not found then
    status := 'stale';
    return next;
    return;
  end if;
  select e.seq, e.at into seq, at from ledger_entry e where e.org_id = p_org and e.record_id = p_id;
  if found then
    status := 'exists';
    return next;
    return;
  end if;

  select * into strict v_head from ledger_head h where h.org_id = p_org;
  select * into v_old from ledger_prune p where p.org_id = p_org;
  v_rules := retention_rules(p_org);
  if (p_body::jsonb ->> 'type') is distinct from 'ledger.purged' or (p_fields ->> 'type') is distinct from 'ledger.purged' then
    raise exception 'not a purge entry' using errcode = 'check_violation';
  end if;
  if v_rules is distinct from jsonb_build_object('extended', v_statement -> 'extended', 'reduced', v_statement -> 'reduced', 'held', v_statement -> 'held') then
    raise exception 'a purge entry states the rules in force' using errcode = 'check_violation';
  end if;
  if not coalesce((v_statement ->> 'upTo')::bigint between coalesce(v_old.up_to, 0) and v_head.checkpoint_size and of_epoch_ms((v_statement ->> 'asOf')::bigint) <= ledger_now(), false) then
    raise exception 'a purge entry speaks of entries that a checkpoint covers, and of the past' using errcode = 'check_violation';
  end if;
  if exists (
    select from jsonb_array_elements(v_statement -> 'earlier') e
    where not coalesce(e = jsonb_build_object('seq', v_old.entry_seq, 'at', epoch_ms(v_old.purged_at), 'upTo', v_old.statement -> 'upTo',
                                              'extended', v_old.statement -> 'extended', 'reduced', v_old.statement -> 'reduced', 'held', v_old.statement -> 'held')
                       or exists (select from jsonb_array_elements(v_old.statement -> 'earlier') o where o = e), false)
  ) then
    raise exception 'earlier purges are those that were' using errcode = 'check_violation';
  end if;
  if v_min_index is distinct from v_old.min_index or v_old.min_index is null then
    if not coalesce(v_min_index >= coalesce(v_old.min_index, 0) and v_min_index <= v_head.checkpoint_size, false)
      or (v_statement ->> 'anchorHash') is distinct from (select encode(e.entry_hash, 'hex') from ledger_entry e where e.org_id = p_org and e.seq = v_min_index - 1)
      or (select count(*) from ledger_tile l where l.org_id = p_org and l.level = 0 and l.idx < v_min_index / 256) <> v_min_index / 256
      or exists (select from agent_events b where b.org_id = p_org and b.seq < v_min_index) or exists (select from hitl_decisions b where b.org_id = p_org and b.seq < v_min_index)
      or exists (select from audit_records b where b.org_id = p_org and b.seq < v_min_index) or exists (select from policy_violations b where b.org_id = p_org and b.seq < v_min_index) then
      raise exception 'entries below % have bodies, no tile or no checkpoint', v_min_index using errcode = 'check_violation';
    end if;
  elsif (v_statement ->> 'anchorHash') is distinct from encode(v_old.anchor_hash, 'hex') then
    raise exception 'the anchor is the one that was stated' using errcode = 'check_violation';
  end if;

  select l.seq, l.at into strict seq, at from ledger_append(array[p_org], array[3::smallint], array[p_id], array[p_body], array[p_fields]) l;
  insert into ledger_prune as p (org_id, min_index, anchor_hash, entry_seq, purged_at, up_to, as_of, version, statement)
    values (p_org, v_min_index, decode(v_statement ->> 'anchorHash', 'hex'), seq, at, (v_statement ->> 'upTo')::bigint,
            of_epoch_ms((v_statement ->> 'asOf')::bigint), p_version, v_statement)
    on conflict (org_id) do update set min_index = excluded.min_index, anchor_hash = excluded.anchor_hash, entry_seq = excluded.entry_seq, purged_at = excluded.purged_at,
      up_to = excluded.up_to, as_of = excluded.as_of, version = excluded.version, statement = excluded.statement;
  select sum(c.value::bigint) into v_total from jsonb_each_text(v_statement -> 'counts') c;
  insert into purge_run as r (org_id, id, status, started_at, total, entry_seq) values (p_org, p_run, 'running', ledger_now(), v_total, seq)
    on conflict (org_id, id) do update set status = 'running', finished_at = null, total = r.done + excluded.total, entry_seq = excluded.entry_seq
    where r.status in ('running', 'unsigned', 'failed');
  status := 'recorded';
  return next;
end $$;
