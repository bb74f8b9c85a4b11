-- What agents report about actions they were told to report on, and what silence means.
set local role mg_ledger;

-- Statuses: recorded; exists (the same report stands); conflict (another one stands); unknown (nobody waits for a report about this event).
create function report_outcome(p_org uuid, p_event text, p_outcome text, p_detail text, p_reporter text, p_audit jsonb)
  returns table (status text, outcome text, reported_at timestamptz)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v event_outcome;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select * into v from event_outcome o where o.org_id = p_org and o.event_id = p_event for update;
  if not found then
    status := 'unknown'; return next; return;
  end if;
  if v.status in ('waiting', 'silent', 'unused') then
    perform audit_append(p_org, p_audit);
    update event_outcome o set status = p_outcome, detail = p_detail, reported_by = p_reporter, reported_at = ledger_now()
      where o.org_id = p_org and o.event_id = p_event returning o.* into v;
    status := 'recorded';
  else
    status := case when v.status = p_outcome then 'exists' else 'conflict' end;
  end if;
  outcome := v.status; reported_at := v.reported_at;
  return next;
end $$;

-- Ends the wait for a report that is overdue: with a violation and an alert. True when it did; false when there is nothing (more) to end.
create function close_silent_outcome(p_org uuid, p_event text, p_violation jsonb, p_alert text) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v event_outcome;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update event_outcome o set status = 'silent' where o.org_id = p_org and o.event_id = p_event and o.status = 'waiting' and o.due_at <= ledger_now() returning o.* into v;
  if not found then
    return false;
  end if;
  perform ledger_append(array[p_org], array[4::smallint], array[(p_violation ->> 'id')::uuid], array[p_violation ->> 'body'], array[p_violation -> 'fields']);
  insert into alert (org_id, id, event_id, agent_id, action, cause, risk_score, reasons, created_at)
    values (p_org, p_alert, p_event, v.agent_id, v.action, 'outcome-silent', v.risk_score, '["the agent did not report how the action went"]', ledger_now())
    on conflict do nothing;
  return true;
end $$;

-- An approval that was never used has nothing to report.
create function close_unused_outcome(p_org uuid, p_event text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ update event_outcome o set status = 'unused' where o.org_id = p_org and o.event_id = p_event and o.status = 'waiting' and o.due_at is null $$;

grant execute on function report_outcome(uuid, text, text, text, text, jsonb), close_silent_outcome(uuid, text, jsonb, text), close_unused_outcome(uuid, text) to mg_app;
