-- Retention: legal holds, changes of what is kept, and the purge. What a purge may take is said in docs/spec/ledger-v1.md, «What may be missing»;
-- why it goes in these steps, in docs/adr/0012-retention.md.
do $$
begin
  -- Owns the functions that delete. Nobody logs in as it, and nobody may become it.
  begin
    create role mg_retention nologin;
  exception when duplicate_object or unique_violation then
    null;
  end;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant mg_retention to %I', current_user);
  end if;
end $$;
grant usage, create on schema public to mg_retention;
alter default privileges for role mg_retention revoke execute on functions from public;

set local role mg_owner;

-- Counts the changes of an organisation's rules. What was computed under one version is not done under another; who changes a rule waits for the
-- deletion that is under way.
create table retention_version (
  org_id uuid primary key references organization,
  version bigint not null
) with (fillfactor = 70);

create table legal_hold (
  org_id uuid not null references organization,
  id text not null,
  reason text not null,
  -- Entries of this range of time, both ends included, in whole milliseconds; null is open.
  held_from timestamptz,
  held_until timestamptz,
  placed_by text not null,
  placed_at timestamptz not null,
  released_by text,
  released_at timestamptz,
  primary key (org_id, id),
  check (held_from <= held_until)
);
create index legal_hold_in_force on legal_hold (org_id) where released_at is null;

-- What plan changes made of the retention of entries that stood. Rows that are not superseded are the rules in force.
create table retention_change (
  org_id uuid not null references organization,
  no int not null,
  kind text not null check (kind in ('extended', 'reduced', 'cancelled')),
  before_seq bigint not null,
  days smallint not null,
  -- Of a reduction: the longest class that it takes away.
  reduced_from smallint,
  notice_at timestamptz,
  effective_at timestamptz,
  changed_at timestamptz not null,
  superseded_at timestamptz,
  primary key (org_id, no),
  check (kind = 'extended' or num_nulls(reduced_from, notice_at, effective_at) = 0)
);
create unique index retention_reduction on retention_change (org_id) where kind = 'reduced' and superseded_at is null;

-- How far an organisation's ledger is gone, and the purge entry that says so. Deletions go by `statement`, the `details` of that entry, and by nothing else.
create table ledger_prune (
  org_id uuid primary key references organization,
  -- Entries below may be gone; what is exported begins here.
  min_index bigint not null check (min_index >= 0 and min_index % 256 = 0),
  anchor_hash bytea,
  entry_seq bigint not null,
  purged_at timestamptz not null,
  up_to bigint not null,
  -- Bodies that were due at this time go; never later than the entry.
  as_of timestamptz not null,
  version bigint not null,
  statement jsonb not null
);

-- One run of the purge over one organisation: its progress, and when it has ended its receipt.
create table purge_run (
  org_id uuid not null references organization,
  id text not null,
  status text not null check (status in ('running', 'finished', 'unsigned', 'failed', 'cancelled')),
  started_at timestamptz not null,
  finished_at timestamptz,
  -- Bodies to go and gone. Where nothing is signed: bodies that wait for a checkpoint.
  total bigint not null,
  done bigint not null default 0,
  pruned_entries bigint not null default 0,
  entry_seq bigint,
  primary key (org_id, id)
);
create index purge_run_open on purge_run (id, org_id) where status = 'running';

do $$
declare
  t text;
begin
  foreach t in array array['retention_version', 'legal_hold', 'retention_change', 'ledger_prune', 'purge_run'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
    execute format('create policy retention on %I to mg_retention using (true) with check (true)', t);
    execute format('grant select on %I to mg_app, mg_report, mg_retention', t);
  end loop;
  foreach t in array array['retention_version', 'legal_hold', 'retention_change'] loop
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select, insert, update on %I to mg_ledger', t);
  end loop;
  foreach t in array array['retention_version', 'ledger_prune', 'purge_run'] loop
    execute format('grant insert, update on %I to mg_retention', t);
  end loop;
  foreach t in array array['ledger_entry', 'agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] loop
    execute format('create policy retention on %I to mg_retention using (true)', t);
    execute format('grant select, delete on %I to mg_retention', t);
  end loop;
  foreach t in array array['ledger_head', 'ledger_tile', 'review'] loop
    execute format('create policy retention on %I for select to mg_retention using (true)', t);
    execute format('grant select on %I to mg_retention', t);
  end loop;
end $$;

-- As in 0003, but that the functions of the purge may delete: a role that logs in may not.
create or replace function refuse_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  if tg_op = 'DELETE' and current_user = 'mg_retention' then
    return old;
  end if;
  raise exception 'the ledger is append-only: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

create function epoch_ms(p_at timestamptz) returns bigint
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  as $$ select (extract(epoch from p_at) * 1000)::bigint $$;
create function of_epoch_ms(p_ms bigint) returns timestamptz
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  as $$ select timestamptz 'epoch' + p_ms * interval '1 millisecond' $$;
grant execute on function epoch_ms(timestamptz), of_epoch_ms(bigint) to mg_ledger, mg_retention, mg_app;
grant execute on function ledger_now() to mg_retention;

reset role;
set local role mg_ledger;
grant execute on function ledger_append(uuid[], smallint[], uuid[], text[], jsonb[]) to mg_retention;

-- First of all, before the ledger's head is locked: every change of rules takes its locks in this order.
create function change_retention(p_org uuid) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  insert into retention_version as v (org_id, version) values (p_org, 1)
    on conflict (org_id) do update set version = v.version + 1 $$;

create function place_hold(p_org uuid, p_id text, p_reason text, p_from timestamptz, p_until timestamptz, p_by text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform change_retention(p_org);
  insert into legal_hold (org_id, id, reason, held_from, held_until, placed_by, placed_at)
    values (p_org, p_id, p_reason, date_trunc('milliseconds', p_from), date_trunc('milliseconds', p_until), p_by, ledger_now());
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such hold or it was released before.
create function release_hold(p_org uuid, p_id text, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform change_retention(p_org);
  update legal_hold h set released_by = p_by, released_at = ledger_now() where h.org_id = p_org and h.id = p_id and h.released_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- Puts a number in the place of the one `null` of that name in an audit record's text: what is known only under the lock.
-- Quotes within a JSON string are escaped, so the name with its quotes is found as a name only.
create function fill_in(p_audit jsonb, p_name text, p_value bigint) returns jsonb
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
  as $$
declare
  v_body text := p_audit ->> 'body';
  v_gap text := format('"%s":null', p_name);
begin
  if length(v_body) - length(replace(v_body, v_gap, '')) <> length(v_gap) then
    raise exception 'the record has not one gap for %', p_name using errcode = 'data_exception';
  end if;
  return jsonb_set(p_audit, '{body}', to_jsonb(replace(v_body, v_gap, format('"%s":%s', p_name, p_value))));
end $$;

-- A plan's limits, in force at once. Longer retention reaches back to what stands; shorter retention reaches it 30 days after this notice.
-- `p_audits` is {plan, extended, reduced, cancelled}, each as `p_audit` elsewhere, with gaps for what only the ledger knows; those that apply are appended.
-- Statuses: changed; unchanged; unknown (no such organisation).
create function change_plan(p_org uuid, p_plan text, p_retention_days smallint, p_event_quota bigint, p_audits jsonb) returns text
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_now timestamptz;
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
  select h.next_seq into strict v_next from ledger_head h where h.org_id = p_org for update;
  select * into strict v_old from organization o where o.org_id = p_org;
  if (v_old.plan, v_old.retention_days) = (p_plan, p_retention_days) and v_old.event_quota is not distinct from p_event_quota then
    return 'unchanged';
  end if;
  v_now := ledger_now();
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

grant execute on function
  place_hold(uuid, text, text, timestamptz, timestamptz, text, jsonb),
  release_hold(uuid, text, text, jsonb),
  change_plan(uuid, text, smallint, bigint, jsonb)
  to mg_app;

reset role;
set local role mg_retention;

-- The rules in force, as a purge entry states them.
create function retention_rules(p_org uuid) returns jsonb
  language sql stable
  set search_path = public, pg_catalog, pg_temp
  as $$
  select jsonb_build_object(
    'extended', coalesce((select jsonb_agg(jsonb_build_object('beforeSeq', c.before_seq, 'days', c.days) order by c.before_seq)
      from retention_change c where c.org_id = p_org and c.kind = 'extended' and c.superseded_at is null), '[]'),
    'reduced', (select jsonb_build_object('beforeSeq', c.before_seq, 'days', c.days, 'noticeAt', epoch_ms(c.notice_at), 'effectiveAt', epoch_ms(c.effective_at))
      from retention_change c where c.org_id = p_org and c.kind = 'reduced' and c.superseded_at is null),
    'held', coalesce((select jsonb_agg(jsonb_build_object('id', h.id, 'from', epoch_ms(h.held_from), 'until', epoch_ms(h.held_until)) order by h.id)
      from legal_hold h where h.org_id = p_org and h.released_at is null), '[]')) $$;

-- Which bodies `b` of a class a statement lets go, as a condition of SQL. It is the rule of the spec, written out for these rules so that the planner
-- sees plain comparisons with constants. Days are 24 hours: a day of the calendar is not.
create function purge_condition(p_statement jsonb, p_as_of timestamptz, p_class int, p_has_event boolean) returns text
  language plpgsql stable
  set search_path = public, pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO'
  as $$
declare
  v_days text := p_class::text;
  v_least int := p_class;
  v_expiry text;
  v_condition text;
  x jsonb;
begin
  for x in select * from jsonb_array_elements(p_statement -> 'extended') loop
    v_days := format('greatest(%s, case when b.seq < %s then %s else 0 end)', v_days, (x ->> 'beforeSeq')::bigint, (x ->> 'days')::int);
  end loop;
  v_expiry := format('b.at + %s * interval ''24 hours''', v_days);
  x := nullif(p_statement -> 'reduced', 'null');
  if x is not null and (x ->> 'effectiveAt')::bigint - (x ->> 'noticeAt')::bigint >= 30 * 86400000::bigint then
    v_least := least(v_least, (x ->> 'days')::int);
    v_expiry := format('case when b.seq < %s then least(%s, greatest(b.at + %s * interval ''24 hours'', timestamptz %L)) else %2$s end',
                       (x ->> 'beforeSeq')::bigint, v_expiry, (x ->> 'days')::int, of_epoch_ms((x ->> 'effectiveAt')::bigint));
  end if;
  -- The first comparisons follow from the others; by them the planner leaves out partitions.
  v_condition := format('b.retention = %s and b.at <= timestamptz %L and b.seq < %s and %s <= timestamptz %L',
                        p_class, p_as_of - v_least * interval '24 hours', (p_statement ->> 'upTo')::bigint, v_expiry, p_as_of);
  for x in select * from jsonb_array_elements(p_statement -> 'held') loop
    v_condition := v_condition || format(' and not (%s)', concat_ws(' and ', 'true',
      'b.at >= ' || quote_literal(of_epoch_ms((x ->> 'from')::bigint)) || '::timestamptz',
      'b.at <= ' || quote_literal(of_epoch_ms((x ->> 'until')::bigint)) || '::timestamptz'));
  end loop;
  if p_has_event then
    -- What somebody is asked about stays until it is decided. Keeping a body longer is always allowed.
    v_condition := v_condition || ' and not exists (select from review r where r.org_id = b.org_id and r.event_id = b.event_id and r.status = ''pending'')';
  end if;
  return v_condition;
end $$;

-- Tables of bodies by kind, and their classes.
create function body_classes() returns table (kind int, name text, class int, has_event boolean)
  language sql immutable
  set search_path = pg_catalog, pg_temp
  as $$
  select k.kind, k.name, c.class, k.kind <> 3
  from (values (1, 'agent_events'), (2, 'hitl_decisions'), (3, 'audit_records'), (4, 'policy_violations')) as k(kind, name),
       (values (7), (90), (2555)) as c(class) $$;

-- What is due in one organisation, and everything a purge entry states about it: one object, times in epoch milliseconds, hashes in hex.
-- `due` is by kind and class; `unsigned` counts bodies that are due but that no checkpoint covers. `previous` is the newest purge entry.
create function purge_statistics(p_org uuid) returns jsonb
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
    'previous', case when v_old.org_id is not null then v_old.statement || jsonb_build_object('at', epoch_ms(v_old.purged_at)) end);
end $$;

-- Appends the purge entry, before anything goes, and opens the run of this organisation. Nothing is taken on trust that can be looked up: the rules in force,
-- the checkpoint, the bodies and tiles below `minIndex`, the account of earlier purges.
-- Statuses: recorded; exists (this entry stands); stale (a hold or a plan changed since `p_version`).
create function purge_record(p_org uuid, p_run text, p_version bigint, p_id uuid, p_body text, p_fields jsonb)
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
    where not coalesce(e = jsonb_build_object('at', epoch_ms(v_old.purged_at), 'upTo', v_old.statement -> 'upTo', 'extended', v_old.statement -> 'extended',
                                              'reduced', v_old.statement -> 'reduced', 'held', v_old.statement -> 'held')
                       or v_old.statement -> 'earlier' @> jsonb_build_array(e), false)
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

-- Says that bodies are due and stay, because no checkpoint covers them. What runs goes on.
create function purge_wait(p_org uuid, p_run text, p_bodies bigint) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  insert into purge_run as r (org_id, id, status, started_at, finished_at, total) values (p_org, p_run, 'unsigned', ledger_now(), ledger_now(), p_bodies)
    on conflict (org_id, id) do update set total = excluded.total, finished_at = excluded.finished_at where r.status = 'unsigned' $$;

-- Whether the statement of an organisation is still what holds; if so, its rules stay as they are until the transaction ends.
create function holds_still(p ledger_prune) returns boolean
  language plpgsql
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from retention_version v where v.org_id = p.org_id and v.version = p.version for share;
  return found;
end $$;

-- Deletes up to `p_limit` bodies that the newest purge entry covers. Statuses: more; done; stale (the rules changed: another entry comes first);
-- ended (the run was cancelled).
create function purge_bodies(p_org uuid, p_run text, p_limit int) returns table (status text, deleted int)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_prune ledger_prune;
  t record;
  v_where text;
  v_last bigint;
  n int;
begin
  -- Those that make and drop partitions lock in the other direction.
  perform pg_advisory_xact_lock(hashtext('mg_ledger_partitions'));
  deleted := 0;
  if not exists (select from purge_run r where r.org_id = p_org and r.id = p_run and r.status = 'running') then
    status := 'ended';
    return next;
    return;
  end if;
  select * into strict v_prune from ledger_prune p where p.org_id = p_org;
  if not holds_still(v_prune) then
    status := 'stale';
    return next;
    return;
  end if;
  status := 'done';
  for t in select * from body_classes() loop
    v_where := format('b.org_id = %L and %s', p_org, purge_condition(v_prune.statement, v_prune.as_of, t.class, t.has_event));
    execute format('select max(d.seq) from (select b.seq from %I b where %s order by b.seq limit %s) d', t.name, v_where, p_limit - deleted) into v_last;
    continue when v_last is null;
    execute format('delete from %I b where %s and b.seq <= %s', t.name, v_where, v_last);
    get diagnostics n = row_count;
    deleted := deleted + n;
    if deleted >= p_limit then
      status := 'more';
      exit;
    end if;
  end loop;
  update purge_run r set done = r.done + deleted where r.org_id = p_org and r.id = p_run;
  return next;
end $$;

-- Deletes up to `p_limit` entries below `minIndex` of the newest purge entry; answers how many. Tiles stay.
create function purge_spine(p_org uuid, p_run text, p_limit int) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  n int;
begin
  delete from ledger_entry e
    where e.org_id = p_org
      and e.seq < (select p.min_index from ledger_prune p where p.org_id = p_org)
      and e.seq < (select min(o.seq) from ledger_entry o where o.org_id = p_org) + p_limit;
  get diagnostics n = row_count;
  update purge_run r set pruned_entries = r.pruned_entries + n where n > 0 and r.org_id = p_org and r.id = p_run;
  return n;
end $$;

create function purge_finish(p_org uuid, p_run text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ update purge_run r set status = 'finished', finished_at = ledger_now(), total = r.done where r.org_id = p_org and r.id = p_run and r.status = 'running' $$;

-- What fails for one organisation does not keep the others waiting. The next run tries again.
create function purge_fail(p_org uuid, p_run text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  insert into purge_run as r (org_id, id, status, started_at, finished_at, total) values (p_org, p_run, 'failed', ledger_now(), ledger_now(), 0)
    on conflict (org_id, id) do update set status = 'failed', finished_at = excluded.finished_at where r.status in ('running', 'unsigned') $$;

create function purge_cancel(p_run text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ update purge_run r set status = 'cancelled', finished_at = ledger_now() where r.id = p_run and r.status = 'running' $$;

-- The organisations of a page, those that wait for a checkpoint, the next one whose bodies go, and how far a run has come.
create function purge_organizations(p_after uuid, p_limit int) returns setof uuid
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select h.org_id from ledger_head h where p_after is null or h.org_id > p_after order by h.org_id limit p_limit $$;

create function purge_unsigned(p_run text) returns setof uuid
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select r.org_id from purge_run r where r.id = p_run and r.status = 'unsigned' order by r.org_id $$;

create function purge_next(p_run text) returns uuid
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select r.org_id from purge_run r where r.id = p_run and r.status = 'running' order by r.org_id limit 1 $$;

create function purge_progress(p_run text) returns table (total bigint, done bigint, running bigint, finished bigint, unsigned bigint, failed bigint, cancelled bigint)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select coalesce(sum(r.total) filter (where r.status <> 'unsigned'), 0)::bigint, coalesce(sum(r.done), 0)::bigint,
         count(*) filter (where r.status = 'running'), count(*) filter (where r.status = 'finished'),
         count(*) filter (where r.status = 'unsigned'), count(*) filter (where r.status = 'failed'), count(*) filter (where r.status = 'cancelled')
  from purge_run r where r.id = p_run $$;

-- Proves that every body of a partition may go, whosever it is; answers how many there are, null where one has to stay. By the corners of each organisation's
-- bodies rather than one by one: where they do not prove it, the bodies go by `purge_bodies`, and an empty partition proves itself.
-- Called twice: to find out, and with `p_run` under a lock that keeps writers out, to have the bodies counted as gone.
create function prove_purgeable(p_table text, p_class int, p_from timestamptz, p_until timestamptz, p_run text) returns bigint
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO'
  as $$
declare
  v_bodies text := format('from %I b left join ledger_prune p on p.org_id = b.org_id where b.retention = %s and b.at >= timestamptz %L and b.at < timestamptz %L',
                          p_table, p_class, p_from, p_until);
  v_refuted boolean;
  r record;
  p ledger_prune;
  x jsonb;
  v_days int;
  v_expiry timestamptz;
  v_orgs uuid[] := '{}';
  v_counts bigint[] := '{}';
begin
  if current_user <> 'mg_retention' then
    -- Row-level security hides every body from the partition's owner, to whom it would look empty.
    raise exception 'only mg_retention sees all bodies' using errcode = 'insufficient_privilege';
  end if;
  -- A partition that is not due shows it with its first row.
  execute format($q$select exists (select %s and (p.org_id is null or b.seq >= p.up_to
    or b.at + least(%s, (p.statement #>> '{reduced,days}')::int) * interval '24 hours' > p.as_of))$q$, v_bodies, p_class) into v_refuted;
  if v_refuted then
    return null;
  end if;
  for r in execute format('select b.org_id, min(b.seq) as low, max(b.seq) as high, min(b.at) as first, max(b.at) as last, count(*) as bodies %s group by 1 order by 1', v_bodies) loop
    select * into strict p from ledger_prune q where q.org_id = r.org_id;
    if not holds_still(p) or r.high >= p.up_to then
      return null;
    end if;
    select greatest(p_class, max((e ->> 'days')::int)) into v_days from jsonb_array_elements(p.statement -> 'extended') e where (e ->> 'beforeSeq')::bigint > r.low;
    v_expiry := r.last + v_days * interval '24 hours';
    x := nullif(p.statement -> 'reduced', 'null');
    if x is not null and r.high < (x ->> 'beforeSeq')::bigint and (x ->> 'effectiveAt')::bigint - (x ->> 'noticeAt')::bigint >= 30 * 86400000::bigint then
      v_expiry := least(v_expiry, greatest(r.last + (x ->> 'days')::int * interval '24 hours', of_epoch_ms((x ->> 'effectiveAt')::bigint)));
    end if;
    if v_expiry > p.as_of
      or exists (select from jsonb_array_elements(p.statement -> 'held') h
                 where coalesce(of_epoch_ms((h ->> 'from')::bigint) <= r.last, true) and coalesce(of_epoch_ms((h ->> 'until')::bigint) >= r.first, true))
      or p_run is not null and not exists (select from purge_run u where u.org_id = r.org_id and u.id = p_run and u.status = 'running') then
      return null;
    end if;
    v_orgs := v_orgs || r.org_id;
    v_counts := v_counts || r.bodies;
  end loop;
  if p_table <> 'audit_records' then
    execute format($q$select exists (select %s and exists (select from review w where w.org_id = b.org_id and w.event_id = b.event_id and w.status = 'pending'))$q$, v_bodies)
      into v_refuted;
    if v_refuted then
      return null;
    end if;
  end if;
  if p_run is not null then
    update purge_run u set done = u.done + t.bodies from unnest(v_orgs, v_counts) as t(org_id, bodies) where u.org_id = t.org_id and u.id = p_run;
  end if;
  return (select coalesce(sum(t.bodies), 0) from unnest(v_counts) as t(bodies));
end $$;

grant execute on function body_classes(), prove_purgeable(text, int, timestamptz, timestamptz, text) to mg_owner;
grant execute on function
  purge_statistics(uuid),
  purge_record(uuid, text, bigint, uuid, text, jsonb),
  purge_wait(uuid, text, bigint),
  purge_bodies(uuid, text, int),
  purge_spine(uuid, text, int),
  purge_finish(uuid, text),
  purge_fail(uuid, text),
  purge_cancel(text),
  purge_organizations(uuid, int),
  purge_unsigned(text),
  purge_next(text),
  purge_progress(text)
  to mg_purge;

reset role;
set local role mg_owner;

-- Partitions of bodies with a range of time, by the catalogue.
create function body_leaves() returns table (leaf regclass, name text, class int, low timestamptz, high timestamptz)
  language sql stable
  set search_path = public, pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO'
  as $$
  select l.oid::regclass, t.relname::text, substring(c.relname from '_r(\d+)$')::int, b.range[1]::timestamptz, b.range[2]::timestamptz
  from pg_class l
    join pg_inherits i on i.inhrelid = l.oid join pg_class c on c.oid = i.inhparent
    join pg_inherits j on j.inhrelid = c.oid join pg_class t on t.oid = j.inhparent,
    regexp_match(pg_get_expr(l.relpartbound, l.oid), '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as b(range)
  where t.relnamespace = 'public'::regnamespace and t.relname in (select k.name from body_classes() k) and b.range is not null $$;

-- Those that may be due: nothing is kept for less than seven days.
create function purge_leaves() returns setof text
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select l.leaf::text from body_leaves() l where l.high <= ledger_now() - 7 * interval '24 hours' order by l.high, l.leaf::text $$;

-- Drops a partition of which nothing has to stay, for any organisation; answers how many bodies went with it, null where it stays.
create function purge_drop_leaf(p_run text, p_leaf text) returns bigint
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  -- Readers are not to queue behind a drop that waits for one of them.
  set lock_timeout = '2s'
  as $$
declare
  l record;
  v_bodies bigint;
begin
  perform pg_advisory_xact_lock(hashtext('mg_ledger_partitions'));
  select * into l from body_leaves() b where b.leaf = to_regclass(p_leaf) and b.high <= ledger_now() - 7 * interval '24 hours';
  if not found or prove_purgeable(l.name, l.class, l.low, l.high, null) is null then
    return null;
  end if;
  execute format('lock table %s in exclusive mode', l.leaf);
  v_bodies := prove_purgeable(l.name, l.class, l.low, l.high, p_run);
  if v_bodies is not null then
    execute format('drop table %s', l.leaf);
  end if;
  return v_bodies;
end $$;
grant execute on function purge_leaves(), purge_drop_leaf(text, text) to mg_purge;
