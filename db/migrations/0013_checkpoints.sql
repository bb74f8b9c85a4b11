-- Signed checkpoints, tiles and the deployment log. Format: docs/spec/ledger-v1.md; who signs, and from what: docs/adr/0011-signer.md.
do $$
begin
  -- Where a database is not open to everybody, these two log in from now on.
  execute format('grant connect on database %I to mg_signer, mg_purge', current_database());
end $$;
set local role mg_owner;

create table ledger_checkpoint (
  org_id uuid not null,
  number bigint not null check (number >= 1),
  size bigint not null check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  note text not null,
  -- When it was stored. The note itself says when it was signed, by the signer's clock.
  signed_at timestamptz not null,
  primary key (org_id, number)
);

-- Roots of full tiles of 256 hashes. Those of level 0 lie over entry hashes, those of level l over tiles of level l - 1.
create table ledger_tile (
  org_id uuid not null,
  level smallint not null check (level >= 0),
  idx bigint not null check (idx >= 0),
  root bytea not null check (octet_length(root) = 32),
  primary key (org_id, level, idx)
);

-- The deployment log: its leaves are the checkpoints of all organisations, in the order in which they were signed.
create table deployment_leaf (
  idx bigint primary key check (idx >= 0),
  org_id uuid not null,
  number bigint not null,
  hash bytea not null check (octet_length(hash) = 32)
);
create index on deployment_leaf (org_id, number);

create table deployment_checkpoint (
  number bigint primary key check (number >= 1),
  size bigint not null check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  note text not null,
  signed_at timestamptz not null
);

create table deployment_tile (
  level smallint not null check (level >= 0),
  idx bigint not null check (idx >= 0),
  root bytea not null check (octet_length(root) = 32),
  primary key (level, idx)
);

-- Verifier keys. One key pair signs for all organisations; its row stands under the name `<host>/mg/org`,
-- to which a checkpoint adds `/<organisation>`, so that no row names a tenant.
create table log_key (
  vkey text primary key,
  name text not null,
  use text not null check (use in ('log', 'time', 'deployment')),
  created_at timestamptz not null,
  retired_at timestamptz
);

-- For every role, the owner and the purging role included.
create function refuse_every_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  raise exception 'what was signed stays: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

-- A key is retired once, and that is all that ever happens to it.
create function guard_log_key() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  if tg_op = 'UPDATE' and old.retired_at is null and new.retired_at is not null and (new.vkey, new.name, new.use, new.created_at) = (old.vkey, old.name, old.use, old.created_at) then
    return new;
  end if;
  raise exception 'a published key stays: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  t text;
begin
  foreach t in array array['ledger_checkpoint', 'ledger_tile', 'deployment_leaf', 'deployment_checkpoint', 'deployment_tile', 'log_key'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function %I()', t,
                   case t when 'log_key' then 'guard_log_key' else 'refuse_every_change' end);
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_every_change()', t);
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select, insert on %I to mg_ledger', t);
  end loop;
  foreach t in array array['ledger_checkpoint', 'ledger_tile', 'deployment_leaf'] loop
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
  end loop;
  -- Nothing in them tells of a tenant: roots over hashes, and keys.
  foreach t in array array['deployment_checkpoint', 'deployment_tile', 'log_key'] loop
    execute format('create policy anybody on %I for select to mg_app, mg_report using (true)', t);
  end loop;
  foreach t in array array['ledger_checkpoint', 'ledger_tile', 'deployment_leaf', 'deployment_checkpoint', 'deployment_tile', 'log_key'] loop
    execute format('grant select on %I to mg_app, mg_report', t);
  end loop;
  -- The signer reads hashes of all organisations and no body.
  foreach t in array array['ledger_head', 'ledger_entry', 'ledger_checkpoint', 'ledger_tile', 'deployment_leaf', 'deployment_checkpoint', 'deployment_tile', 'log_key'] loop
    execute format('create policy signer on %I for select to mg_signer using (true)', t);
    execute format('grant select on %I to mg_signer', t);
  end loop;
end $$;
grant update (retired_at) on log_key to mg_ledger;

reset role;
set local role mg_ledger;

-- Records what one signer has signed at one time: checkpoints of several organisations with the roots of the tiles that became full,
-- and the checkpoint of the deployment log that covers them. All of it or nothing; answers the time under which it is stored.
-- An item of `p_checkpoints` is {org, number, size, root, note, tiles: [{level, index, root}]}, hashes in hex.
-- `p_deployment` is {number, size, root, note, leaves: [{index, org, number, hash}], tiles}.
-- A refusal has the organisation in its DETAIL where it is about one.
create function record_checkpoints(p_checkpoints jsonb[], p_deployment jsonb) returns timestamptz
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  c record;
  d record;
  v_now timestamptz;
  v_next_seq bigint;
  v_last ledger_checkpoint;
  v_deployment deployment_checkpoint;
begin
  -- The session that holds the lock gets it again; another signer's does not.
  if not pg_try_advisory_xact_lock(hashtext('mg_signer')) then
    raise exception 'another signer works on this database' using errcode = 'lock_not_available';
  end if;
  -- In the order of ledger_append, so that neither waits for the other's second head.
  perform 1 from ledger_head h where h.org_id = any (array(select (i ->> 'org')::uuid from unnest(p_checkpoints) i)) order by h.org_id for update;
  v_now := ledger_now();

  for c in
    select x.* from unnest(p_checkpoints) i, jsonb_to_record(i) as x(org uuid, number bigint, size bigint, root text, note text, tiles jsonb) order by x.org, x.number
  loop
    select h.next_seq into v_next_seq from ledger_head h where h.org_id = c.org;
    if not found then
      raise exception 'organisation has no ledger' using errcode = 'foreign_key_violation', detail = c.org;
    end if;
    select * into v_last from ledger_checkpoint k where k.org_id = c.org order by k.number desc limit 1;
    if c.number is distinct from coalesce(v_last.number, 0) + 1 then
      raise exception 'checkpoint % is not the next one', c.number using errcode = 'check_violation', detail = c.org;
    end if;
    if c.size > v_next_seq then
      raise exception 'the ledger has fewer entries than checkpoint %', c.number using errcode = 'check_violation', detail = c.org;
    end if;
    if c.size < coalesce(v_last.size, 0) or c.size = v_last.size and decode(c.root, 'hex') <> v_last.root then
      raise exception 'checkpoint % contradicts the one before', c.number using errcode = 'check_violation', detail = c.org;
    end if;
    if exists (
      select from jsonb_to_recordset(c.tiles) as t(level smallint, index bigint) join ledger_tile k on k.org_id = c.org and k.level = t.level and k.idx = t.index
    ) then
      raise exception 'a tile of checkpoint % is there already', c.number using errcode = 'check_violation', detail = c.org;
    end if;
    insert into ledger_checkpoint (org_id, number, size, root, note, signed_at) values (c.org, c.number, c.size, decode(c.root, 'hex'), c.note, v_now);
    insert into ledger_tile (org_id, level, idx, root)
      select c.org, t.level, t.index, decode(t.root, 'hex') from jsonb_to_recordset(c.tiles) as t(level smallint, index bigint, root text);
    update ledger_head h set checkpoint_size = c.size where h.org_id = c.org;
  end loop;

  select * into strict d from jsonb_to_record(p_deployment) as x(number bigint, size bigint, root text, note text, leaves jsonb, tiles jsonb);
  select * into v_deployment from deployment_checkpoint k order by k.number desc limit 1;
  if d.number is distinct from coalesce(v_deployment.number, 0) + 1 or d.size is distinct from coalesce(v_deployment.size, 0) + jsonb_array_length(d.leaves) then
    raise exception 'checkpoint % of the deployment log is not the next one', d.number using errcode = 'check_violation';
  end if;
  insert into deployment_leaf (idx, org_id, number, hash)
    select l.index, l.org, l.number, decode(l.hash, 'hex') from jsonb_to_recordset(d.leaves) as l(index bigint, org uuid, number bigint, hash text);
  if exists (select from jsonb_to_recordset(d.leaves) as l(index bigint) where l.index < d.size - jsonb_array_length(d.leaves) or l.index >= d.size) then
    raise exception 'leaves of the deployment log are not the next ones' using errcode = 'check_violation';
  end if;
  if exists (
    select from unnest(p_checkpoints) i where not exists (
      select from jsonb_to_recordset(d.leaves) as l(org uuid, number bigint, hash text)
      where l.org = (i ->> 'org')::uuid and l.number = (i ->> 'number')::bigint and decode(l.hash, 'hex') = sha256('\x00'::bytea || sha256(convert_to(i ->> 'note', 'UTF8')))
    )
  ) then
    raise exception 'a checkpoint is missing from the deployment log' using errcode = 'check_violation';
  end if;
  insert into deployment_checkpoint (number, size, root, note, signed_at) values (d.number, d.size, decode(d.root, 'hex'), d.note, v_now);
  insert into deployment_tile (level, idx, root)
    select t.level, t.index, decode(t.root, 'hex') from jsonb_to_recordset(d.tiles) as t(level smallint, index bigint, root text);
  return v_now;
end $$;

-- What the signer itself tells an organisation. `p_audit` as in 0005; nothing but these types, by nobody but the system.
create function signer_note(p_org uuid, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_body jsonb := (p_audit ->> 'body')::jsonb;
begin
  if (v_body ->> 'type') is distinct from (p_audit #>> '{fields,type}') or (v_body ->> 'actor') is distinct from 'system' or (p_audit #>> '{fields,actor}') is distinct from 'system'
     or (v_body ->> 'type') is null or (v_body ->> 'type') not in ('signing-key.announced', 'signing-key.retired', 'signer.resumed', 'signer.refused') then
    raise exception 'not a record of the signer' using errcode = 'insufficient_privilege';
  end if;
  perform audit_append(p_org, p_audit);
end $$;

-- A key that is published already stays as it is.
create function publish_log_key(p_vkey text, p_name text, p_use text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ insert into log_key (vkey, name, use, created_at) values (p_vkey, p_name, p_use, ledger_now()) on conflict do nothing $$;

create function retire_log_key(p_vkey text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ update log_key k set retired_at = ledger_now() where k.vkey = p_vkey and k.retired_at is null $$;

grant execute on function record_checkpoints(jsonb[], jsonb), signer_note(uuid, jsonb), publish_log_key(text, text, text), retire_log_key(text) to mg_signer;

-- The hashes of one tile of the deployment log, and nothing else of it: what an inclusion proof is made of.
create function deployment_hashes(p_level smallint, p_index bigint) returns setof bytea
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select t.hash from (
    select l.idx, l.hash from deployment_leaf l where p_level = 0 and l.idx >= p_index * 256 and l.idx < p_index * 256 + 256
    union all
    select t.idx, t.root from deployment_tile t where p_level > 0 and t.level = p_level - 1 and t.idx >= p_index * 256 and t.idx < p_index * 256 + 256
  ) as t(idx, hash) order by t.idx $$;
grant execute on function deployment_hashes(smallint, bigint) to mg_app, mg_report;
