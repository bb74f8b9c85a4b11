-- What was shown to the outside, and what the outside answered: docs/adr/0014-anchors.md.
set local role mg_owner;

create table anchor_receipt (
  -- As the operator calls it; there may be two of one driver.
  anchor text not null check (anchor ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  driver text not null check (driver in ('directory', 'tsa', 'witness', 'webhook')),
  -- Null: a checkpoint of the deployment log.
  org_id uuid references organization,
  origin text not null,
  number bigint not null,
  size bigint not null,
  -- refused: the anchor takes this checkpoint at no later time either, because it holds another one in its place.
  status text not null check (status in ('anchored', 'refused')),
  -- What the anchor gave: a path, a time-stamp response in base64, a cosigned note, or how the receiver answered.
  receipt text check (octet_length(receipt) <= 131072),
  problem text check (octet_length(problem) <= 1024),
  anchored_at timestamptz not null default ledger_now(),
  primary key (anchor, origin, number),
  check (case status when 'anchored' then receipt is not null and problem is null else receipt is null and problem is not null end)
);
-- How far an anchor has come with one log, and the newest receipts of one. Those of the deployment log have indexes of their own:
-- an index is not read in order behind a column that is only known to be null.
create index anchor_receipt_reached on anchor_receipt (anchor, org_id, number) where org_id is not null;
create index anchor_receipt_by_time on anchor_receipt (org_id, anchored_at, anchor, number) where org_id is not null;
create index anchor_receipt_deployment_reached on anchor_receipt (anchor, number) where org_id is null;
create index anchor_receipt_deployment_by_time on anchor_receipt (anchored_at, anchor, number) where org_id is null;
create index anchor_receipt_refused on anchor_receipt (anchor) where status = 'refused';

create trigger append_only before update or delete on anchor_receipt for each row execute function refuse_every_change();
create trigger no_truncate before truncate on anchor_receipt for each statement execute function refuse_every_change();
alter table anchor_receipt enable row level security, force row level security;
-- Every tenant may see what was shown of the deployment log: its size and root are public.
create policy tenant on anchor_receipt for select to mg_app, mg_report using (org_id = current_org() or org_id is null and current_org() is not null);
create policy writer on anchor_receipt to mg_ledger using (true) with check (true);
grant select on anchor_receipt to mg_app, mg_report;
grant select, insert on anchor_receipt to mg_ledger;

reset role;
set local role mg_ledger;

-- Checkpoints that an anchor has not been shown, of all organisations. With `p_every`: of each log the first `p_per_log` from behind the last one
-- that it took or refused, the deployment log first. Without: the newest one of the deployment log, if it is a later one.
-- `anchored_size` is the size of the newest one of that log that it took.
create function checkpoints_to_anchor(p_anchor text, p_every boolean, p_per_log int, p_limit int)
  returns table (org_id uuid, origin text, number bigint, size bigint, note text, anchored_size bigint)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select t.org_id, split_part(t.note, E'\n', 1), t.number, t.size, t.note,
         coalesce((select r.size from anchor_receipt r
                   where r.anchor = p_anchor and r.origin = split_part(t.note, E'\n', 1) and r.status = 'anchored' order by r.number desc limit 1), 0)
  from (
    (select null::uuid as org_id, d.number, d.size, d.note from deployment_checkpoint d
     where p_every and d.number > coalesce((select max(r.number) from anchor_receipt r where r.anchor = p_anchor and r.org_id is null), 0)
     order by d.number limit p_per_log)
    union all
    (select null, d.number, d.size, d.note from (select * from deployment_checkpoint k where not p_every order by k.number desc limit 1) d
     where d.number > coalesce((select max(r.number) from anchor_receipt r where r.anchor = p_anchor and r.org_id is null), 0))
    union all
    (select h.org_id, c.number, c.size, c.note
     from ledger_head h
     cross join lateral (select coalesce(max(r.number), 0) as number from anchor_receipt r where r.anchor = p_anchor and r.org_id = h.org_id) reached
     cross join lateral (
       select k.number, k.size, k.note from ledger_checkpoint k where k.org_id = h.org_id and k.number > reached.number order by k.number limit p_per_log) c
     where p_every)
  ) t limit p_limit $$;

-- For how long the oldest checkpoint has waited that an anchor should have been shown, in seconds (0: none waits), and how many it has refused.
create function anchor_state(p_anchor text, p_every boolean) returns table (lag_seconds double precision, refused bigint)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select coalesce(greatest(extract(epoch from ledger_now() - least(
      (select d.signed_at from deployment_checkpoint d
       where d.number > coalesce((select max(r.number) from anchor_receipt r where r.anchor = p_anchor and r.org_id is null and (p_every or r.status = 'anchored')), 0)
       order by d.number limit 1),
      (select min(c.signed_at)
       from ledger_head h
       cross join lateral (select coalesce(max(r.number), 0) as number from anchor_receipt r where r.anchor = p_anchor and r.org_id = h.org_id) reached
       cross join lateral (select k.signed_at from ledger_checkpoint k where k.org_id = h.org_id and k.number > reached.number order by k.number limit 1) c
       where p_every))), 0), 0)::double precision,
    (select count(*) from anchor_receipt r where r.anchor = p_anchor and r.status = 'refused') $$;

-- Records what an anchor answered: `p_items` is [{org, number, receipt, problem}], org null for the deployment log. What is recorded stays;
-- origin and size are those of the checkpoint that stands here. Answers how many are new.
create function record_anchor_receipts(p_anchor text, p_driver text, p_items jsonb) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_new int;
begin
  insert into anchor_receipt (anchor, driver, org_id, origin, number, size, status, receipt, problem)
    select p_anchor, p_driver, x.org, split_part(k.note, E'\n', 1), x.number, k.size,
           case when x.problem is null then 'anchored' else 'refused' end, x.receipt, x.problem
    from jsonb_to_recordset(p_items) as x(org uuid, number bigint, receipt text, problem text)
    cross join lateral (
      select c.note, c.size from ledger_checkpoint c where c.org_id = x.org and c.number = x.number
      union all select d.note, d.size from deployment_checkpoint d where x.org is null and d.number = x.number) k
    on conflict do nothing;
  get diagnostics v_new = row_count;
  return v_new;
end $$;

grant execute on function
  checkpoints_to_anchor(text, boolean, int, int),
  anchor_state(text, boolean),
  record_anchor_receipts(text, text, jsonb)
  to mg_app;

reset role;
