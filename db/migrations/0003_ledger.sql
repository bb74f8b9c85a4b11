-- The ledger: a narrow spine of hashes per organisation, and four tables of bodies that can expire without breaking it.
-- Format and rules: docs/spec/ledger-v1.md.
set local role mg_owner;

create table ledger_head (
  org_id uuid primary key references organization,
  next_seq bigint not null default 0,
  head bytea not null,
  last_at timestamptz not null default '-infinity',
  checkpoint_size bigint not null default 0
) with (fillfactor = 40);

create table ledger_entry (
  org_id uuid not null,
  seq bigint not null,
  kind smallint not null check (kind between 1 and 4),
  record_id uuid not null,
  at timestamptz not null,
  retain_days smallint not null,
  body_hash bytea not null,
  entry_hash bytea not null,
  primary key (org_id, seq),
  unique (org_id, record_id)
);

create table agent_events (
  org_id uuid not null,
  seq bigint not null,
  retention smallint not null,
  at timestamptz not null,
  record_id uuid not null,
  body text not null,
  event_id text not null,
  event_digest bytea not null,
  agent_id text not null,
  action text not null,
  session_id text,
  value text not null,
  risk_score smallint not null,
  categories text[] not null,
  policy_version text,
  rule_id text,
  checkpoint_size bigint not null
) partition by list (retention);

create table hitl_decisions (
  org_id uuid not null,
  seq bigint not null,
  retention smallint not null,
  at timestamptz not null,
  record_id uuid not null,
  body text not null,
  review_id text not null,
  event_id text not null,
  step text not null,
  actor text not null
) partition by list (retention);

create table audit_records (
  org_id uuid not null,
  seq bigint not null,
  retention smallint not null,
  at timestamptz not null,
  record_id uuid not null,
  body text not null,
  type text not null,
  actor text not null,
  target text
) partition by list (retention);

create table policy_violations (
  org_id uuid not null,
  seq bigint not null,
  retention smallint not null,
  at timestamptz not null,
  record_id uuid not null,
  body text not null,
  event_id text not null,
  agent_id text not null,
  value text not null,
  rule_id text,
  detectors text[] not null
) partition by list (retention);

create index on agent_events (org_id, seq);
create index on agent_events (org_id, agent_id, seq);
create index on hitl_decisions (org_id, seq);
create index on hitl_decisions (org_id, review_id);
create index on audit_records (org_id, seq);
create index on policy_violations (org_id, seq);

-- Append-only, for every role including the owner. Row triggers are cloned to partitions; statement triggers are not.
create function refuse_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  if tg_op = 'DELETE' and current_user = 'mg_purge' then
    return old;
  end if;
  raise exception 'the ledger is append-only: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  t text;
begin
  foreach t in array array['ledger_entry', 'agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', t);
  end loop;
  -- Partitioned tables get theirs on each partition: guard_partition.
  create trigger no_truncate before truncate on ledger_entry for each statement execute function refuse_change();
  foreach t in array array['ledger_head', 'ledger_entry', 'agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select on %I to mg_app, mg_report', t);
    execute format('grant select, insert on %I to mg_ledger', t);
  end loop;
end $$;
grant update on ledger_head to mg_ledger;

-- Guards one partition: no direct access for anybody, no TRUNCATE.
create function guard_partition(p_leaf regclass) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  execute format('alter table %s enable row level security, force row level security', p_leaf);
  execute format('create trigger no_truncate before truncate on %s for each statement execute function public.refuse_change()', p_leaf);
end $$;

-- Makes every partition that [p_from, p_until] needs. Runs again and again; answers how many it made.
create function ensure_ledger_partitions(p_from timestamptz, p_until timestamptz) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  set timezone = 'UTC'
  as $$
declare
  v_made int := 0;
  v_table text;
  v_class record;
  v_class_name text;
  v_leaf text;
  v_start timestamptz;
begin
  perform pg_advisory_xact_lock(hashtext('mg_ledger_partitions'));
  foreach v_table in array array['agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] loop
    for v_class in select * from (values (7, 'day', interval '1 day'), (90, 'week', interval '7 days'), (2555, 'month', interval '1 month')) as c(days, unit, step) loop
      v_class_name := format('%s_r%s', v_table, v_class.days);
      if to_regclass(v_class_name) is null then
        execute format('create table %I partition of %I for values in (%s) partition by range (at)', v_class_name, v_table, v_class.days);
        execute format('alter table %I enable row level security, force row level security', v_class_name);
        execute format('create table %I partition of %I default', v_class_name || '_default', v_class_name);
        execute format('create index on %I using brin (at)', v_class_name);
        perform guard_partition(v_class_name || '_default');
      end if;
      v_start := date_trunc(v_class.unit, p_from);
      while v_start <= p_until loop
        v_leaf := format('%s_%s', v_class_name, to_char(v_start, 'YYYYMMDD'));
        if to_regclass(v_leaf) is null then
          begin
            execute format('create table %I partition of %I for values from (%L) to (%L)', v_leaf, v_class_name, v_start, v_start + v_class.step);
            perform guard_partition(v_leaf);
            v_made := v_made + 1;
          exception when check_violation then
            -- Records of this span lie in the default partition already and stay there; the spans after it must still be made.
            null;
          end;
        end if;
        v_start := v_start + v_class.step;
      end loop;
    end loop;
  end loop;
  return v_made;
end $$;
grant execute on function ensure_ledger_partitions(timestamptz, timestamptz) to mg_app;

select ensure_ledger_partitions(now(), now() + interval '8 days');

-- Clock of the ledger, in whole milliseconds. Databases under test replace it.
create function ledger_now() returns timestamptz
  language sql volatile
  set search_path = pg_catalog, pg_temp
  as $$ select date_trunc('milliseconds', clock_timestamp()) $$;
grant execute on function ledger_now() to mg_ledger, mg_app;

reset role;
set local role mg_ledger;

-- Rows that fell into a default partition: nobody made their partition in time, and dropping by partition will miss them.
create function ledger_default_rows() returns bigint
  language plpgsql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_total bigint := 0;
  v_count bigint;
  v_table text;
begin
  foreach v_table in array array['agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] loop
    -- Nobody may read a partition directly and counting through its parent reads them all, so only where there is something.
    if exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname ~ ('^' || v_table || '_r\d+_default$') and pg_relation_size(c.oid) > 0) then
      execute format($q$select count(*) from %I where tableoid::regclass::text like '%%\_default'$q$, v_table) into v_count;
      v_total := v_total + v_count;
    end if;
  end loop;
  return v_total;
end $$;

-- The only writer of the ledger. Appends records in the order given, per organisation; answers one row per record.
-- A record id that stands already answers its first receipt; with another body it raises 23505.
-- Kinds: 1 agent_events, 2 hitl_decisions, 3 audit_records, 4 policy_violations. `fields` are the projection columns.
create function ledger_append(p_orgs uuid[], p_kinds smallint[], p_ids uuid[], p_bodies text[], p_fields jsonb[])
  returns table (ord int, seq bigint, entry_hash bytea, at timestamptz, checkpoint_size bigint, existed boolean)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  r record;
  v_org uuid;
  v_head ledger_head;
  v_at timestamptz;
  v_retain smallint;
  v_body_hash bytea;
  v_hash bytea;
  v_old record;
  n int := 0;
  n_ord int[] := '{}'; n_org uuid[] := '{}'; n_seq bigint[] := '{}'; n_kind smallint[] := '{}'; n_id uuid[] := '{}';
  n_at timestamptz[] := '{}'; n_retain smallint[] := '{}'; n_body_hash bytea[] := '{}'; n_hash bytea[] := '{}';
  n_body text[] := '{}'; n_fields jsonb[] := '{}'; n_checkpoint bigint[] := '{}';
begin
  -- Heads are locked in one order whatever the batch holds, so that two batches cannot wait for each other.
  perform 1 from ledger_head h where h.org_id = any (p_orgs) order by h.org_id for update;

  for r in
    select t.org, t.kind, t.id, t.body, t.fields, t.o::int as o
    from unnest(p_orgs, p_kinds, p_ids, p_bodies, p_fields) with ordinality as t(org, kind, id, body, fields, o)
    order by t.org, t.o
  loop
    if r.org is distinct from v_org then
      if v_org is not null then
        update ledger_head h set next_seq = v_head.next_seq, head = v_head.head, last_at = v_head.last_at where h.org_id = v_org;
      end if;
      v_org := r.org;
      select * into v_head from ledger_head h where h.org_id = v_org;
      if not found then
        raise exception 'organisation has no ledger' using errcode = 'foreign_key_violation';
      end if;
      select o.retention_days into v_retain from organization o where o.org_id = v_org;
      -- Monotone per organisation, whatever the clock does; never microseconds, which clients cannot hold.
      v_at := greatest(ledger_now(), v_head.last_at);
    end if;

    v_body_hash := sha256(convert_to(r.body, 'UTF8'));
    select e.seq, e.entry_hash, e.body_hash, e.at into v_old from ledger_entry e where e.org_id = v_org and e.record_id = r.id;
    if found then
      if v_old.body_hash <> v_body_hash then
        raise exception 'record % stands with another body', r.id using errcode = 'unique_violation';
      end if;
      ord := r.o; seq := v_old.seq; entry_hash := v_old.entry_hash; at := v_old.at; checkpoint_size := v_head.checkpoint_size; existed := true;
      return next;
      continue;
    end if;

    v_hash := sha256('\x00'::bytea || convert_to(format(
      '{"at":%s,"body":"%s","id":"%s","kind":%s,"org":"%s","prev":"%s","retain":%s,"seq":%s,"v":1}',
      (extract(epoch from v_at) * 1000)::bigint, encode(v_body_hash, 'hex'), r.id, r.kind, v_org, encode(v_head.head, 'hex'), v_retain, v_head.next_seq
    ), 'UTF8'));
    n := n + 1;
    n_ord[n] := r.o; n_org[n] := v_org; n_seq[n] := v_head.next_seq; n_kind[n] := r.kind; n_id[n] := r.id; n_at[n] := v_at; n_retain[n] := v_retain;
    n_body_hash[n] := v_body_hash; n_hash[n] := v_hash; n_body[n] := r.body; n_fields[n] := r.fields; n_checkpoint[n] := v_head.checkpoint_size;
    v_head.next_seq := v_head.next_seq + 1;
    v_head.head := v_hash;
    v_head.last_at := v_at;
  end loop;

  if n = 0 then
    return;
  end if;
  update ledger_head h set next_seq = v_head.next_seq, head = v_head.head, last_at = v_head.last_at where h.org_id = v_org;

  insert into ledger_entry (org_id, seq, kind, record_id, at, retain_days, body_hash, entry_hash)
    select * from unnest(n_org, n_seq, n_kind, n_id, n_at, n_retain, n_body_hash, n_hash);

  if 1 = any (n_kind) then
    insert into agent_events (org_id, seq, retention, at, record_id, body, event_id, event_digest, agent_id, action, session_id, value, risk_score, categories, policy_version, rule_id, checkpoint_size)
      select t.org, t.s, t.retain, t.a, t.id, t.body, t.f ->> 'eventId', decode(t.f ->> 'eventDigest', 'hex'), t.f ->> 'agentId', t.f ->> 'action', t.f ->> 'sessionId',
             t.f ->> 'value', (t.f ->> 'riskScore')::smallint, array(select jsonb_array_elements_text(t.f -> 'categories')), t.f ->> 'policyVersion', t.f ->> 'ruleId', t.c
      from unnest(n_org, n_seq, n_kind, n_retain, n_at, n_id, n_body, n_fields, n_checkpoint) as t(org, s, kind, retain, a, id, body, f, c) where t.kind = 1;
  end if;
  if 2 = any (n_kind) then
    insert into hitl_decisions (org_id, seq, retention, at, record_id, body, review_id, event_id, step, actor)
      select t.org, t.s, t.retain, t.a, t.id, t.body, t.f ->> 'reviewId', t.f ->> 'eventId', t.f ->> 'step', t.f ->> 'actor'
      from unnest(n_org, n_seq, n_kind, n_retain, n_at, n_id, n_body, n_fields) as t(org, s, kind, retain, a, id, body, f) where t.kind = 2;
  end if;
  if 3 = any (n_kind) then
    insert into audit_records (org_id, seq, retention, at, record_id, body, type, actor, target)
      select t.org, t.s, t.retain, t.a, t.id, t.body, t.f ->> 'type', t.f ->> 'actor', t.f ->> 'target'
      from unnest(n_org, n_seq, n_kind, n_retain, n_at, n_id, n_body, n_fields) as t(org, s, kind, retain, a, id, body, f) where t.kind = 3;
  end if;
  if 4 = any (n_kind) then
    insert into policy_violations (org_id, seq, retention, at, record_id, body, event_id, agent_id, value, rule_id, detectors)
      select t.org, t.s, t.retain, t.a, t.id, t.body, t.f ->> 'eventId', t.f ->> 'agentId', t.f ->> 'value', t.f ->> 'ruleId', array(select jsonb_array_elements_text(t.f -> 'detectors'))
      from unnest(n_org, n_seq, n_kind, n_retain, n_at, n_id, n_body, n_fields) as t(org, s, kind, retain, a, id, body, f) where t.kind = 4;
  end if;

  return query
    select t.o, t.s, t.h, t.a, t.c, false from unnest(n_ord, n_seq, n_hash, n_at, n_checkpoint) as t(o, s, h, a, c);
end $$;

grant execute on function ledger_append(uuid[], smallint[], uuid[], text[], jsonb[]), ledger_default_rows() to mg_app;
