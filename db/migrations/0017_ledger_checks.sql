-- Exports and scheduled re-verification.
set local role mg_owner;

-- One run of the verifier over an organisation's own ledger. It says what was found; nothing ever repairs.
create table ledger_check (
  org_id uuid not null references organization,
  id text not null,
  requested_by text not null,
  status text not null default 'running' check (status in ('running', 'finished', 'cancelled')),
  started_at timestamptz not null,
  finished_at timestamptz,
  -- Entries to look at, and looked at.
  total bigint not null default 0,
  done bigint not null default 0,
  -- What was verified: entries, and the newest checkpoint's number (0: none). Null until it has finished.
  size bigint,
  checkpoint bigint,
  missing_bodies bigint,
  findings jsonb not null default '[]',    -- [{code, ref, count}]
  primary key (org_id, id)
);
-- One at a time.
create unique index ledger_check_running on ledger_check (org_id) where status = 'running';
create index ledger_check_finished on ledger_check (org_id, finished_at) where status = 'finished';
create index on ledger_check (org_id, started_at, id);

alter table ledger_check enable row level security, force row level security;
create policy tenant on ledger_check for select to mg_app, mg_report using (org_id = current_org());
create policy writer on ledger_check to mg_ledger using (true) with check (true);
grant select on ledger_check to mg_app, mg_report;
grant select, insert, update on ledger_check to mg_ledger;

-- An alert about the ledger is about no event.
alter table alert alter column event_id drop not null, alter column agent_id drop not null, alter column action drop not null;
alter table alert drop constraint alert_cause_check;
alter table alert add constraint alert_cause_check
  check (cause in ('decision', 'outcome-silent', 'outcome-failed', 'break-glass', 'escalation', 'ledger'));
alter table alert add constraint alert_event_check
  check (case when cause = 'ledger' then num_nonnulls(event_id, agent_id, action, review_id) = 0 else num_nulls(event_id, agent_id, action) = 0 end);

-- What the audit trail is filtered by. Events have their derived record id; the other kinds are few enough that the appends do not feel it.
create index ledger_entry_by_kind on ledger_entry (org_id, kind, seq) where kind <> 1;
create index on audit_records (org_id, type, seq);
create index on audit_records (org_id, target, seq);
create index on hitl_decisions (org_id, event_id, seq);
create index on policy_violations (org_id, event_id, seq);
-- The checkpoint that a consistency proof ends at.
create index on ledger_checkpoint (org_id, size, number);

reset role;
set local role mg_ledger;

-- Opens a check, or answers the one that runs.
create function open_ledger_check(p_org uuid, p_id text, p_by text) returns text
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_id text;
begin
  -- Again where the one that ran ends just then.
  while v_id is null loop
    insert into ledger_check (org_id, id, requested_by, started_at) values (p_org, p_id, p_by, ledger_now()) on conflict do nothing;
    select c.id into v_id from ledger_check c where c.org_id = p_org and (c.id = p_id or c.status = 'running') order by (c.id = p_id) desc limit 1;
  end loop;
  return v_id;
end $$;

-- How far a check has come; answers its status, null where there is no such check.
create function move_ledger_check(p_org uuid, p_id text, p_total bigint, p_done bigint) returns text
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  update ledger_check c
    set total = case when c.status = 'running' then greatest(c.total, p_total) else c.total end,
        done = case when c.status = 'running' then greatest(c.done, p_done) else c.done end
    where c.org_id = p_org and c.id = p_id returning c.status $$;

-- Closes a check with what it found, on record. What the check before has not found raises an alert: `p_alert` is its id, `p_reasons` says per
-- finding, in the same order, what is wrong. False when the check does not run any more.
create function finish_ledger_check(p_org uuid, p_id text, p_size bigint, p_checkpoint bigint, p_missing_bodies bigint, p_findings jsonb,
                                    p_alert text, p_reasons text[], p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_before jsonb;
  v_new text[];
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select c.findings into v_before from ledger_check c
    where c.org_id = p_org and c.status = 'finished' order by c.finished_at desc, c.id desc limit 1;
  update ledger_check c
    set status = 'finished', finished_at = ledger_now(), done = greatest(c.total, p_size), total = greatest(c.total, p_size),
        size = p_size, checkpoint = p_checkpoint, missing_bodies = p_missing_bodies, findings = p_findings
    where c.org_id = p_org and c.id = p_id and c.status = 'running';
  if not found then
    return false;
  end if;
  select array_agg(p_reasons[f.o] order by f.o) into v_new
    from jsonb_array_elements(p_findings) with ordinality as f(finding, o)
    where not exists (
      select from jsonb_array_elements(coalesce(v_before, '[]')) as b(finding)
      where b.finding ->> 'code' = f.finding ->> 'code' and b.finding ->> 'ref' = f.finding ->> 'ref');
  if v_new is not null then
    insert into alert (org_id, id, cause, risk_score, reasons, created_at)
      values (p_org, p_alert, 'ledger', 100, to_json(v_new)::text, ledger_now()) on conflict do nothing;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- False when there is no such check or it has ended.
create function cancel_ledger_check(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update ledger_check c set status = 'cancelled', finished_at = ledger_now() where c.org_id = p_org and c.id = p_id and c.status = 'running';
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- For the scheduled check, across organisations: who has a ledger.
create function organizations_with_ledger(p_after uuid, p_limit int) returns setof uuid
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select h.org_id from ledger_head h where p_after is null or h.org_id > p_after order by h.org_id limit p_limit $$;

grant execute on function
  open_ledger_check(uuid, text, text),
  move_ledger_check(uuid, text, bigint, bigint),
  finish_ledger_check(uuid, text, bigint, bigint, bigint, jsonb, text, text[], jsonb),
  cancel_ledger_check(uuid, text, jsonb),
  organizations_with_ledger(uuid, int)
  to mg_app;
