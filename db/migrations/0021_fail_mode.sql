-- What the agents' SDKs did on their own while the product could not be asked.
set local role mg_owner;

alter table alert drop constraint alert_cause_check;
alter table alert add constraint alert_cause_check
  check (cause in ('decision', 'outcome-silent', 'outcome-failed', 'break-glass', 'escalation', 'ledger', 'webhook', 'fail-mode'));

reset role;
set local role mg_ledger;

-- `p_audit` is the report; its id is derived from the event. `p_overridden`, where it is no JSON null, is {violation, alert} of a report that
-- contradicts the decision. Statuses: recorded; exists (the same report stands); conflict (another one stands). The answer is the one that stands.
create function report_fail_mode(p_org uuid, p_audit jsonb, p_overridden jsonb)
  returns table (status text, body text, recorded_at timestamptz, seq bigint, entry_hash bytea)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  v_violation jsonb := p_overridden -> 'violation';
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  select a.body, e.at, e.seq, e.entry_hash into body, recorded_at, seq, entry_hash
    from ledger_entry e left join audit_records a on a.org_id = e.org_id and a.seq = e.seq and a.retention = e.retain_days and a.at = e.at
    where e.org_id = p_org and e.record_id = (p_audit ->> 'id')::uuid;
  if found then
    -- Who reported it, and in which request, may differ.
    status := case when body::jsonb -> 'details' = (p_audit ->> 'body')::jsonb -> 'details' then 'exists' else 'conflict' end;
    return next; return;
  end if;
  select l.at, l.seq, l.entry_hash into recorded_at, seq, entry_hash
    from ledger_append(array[p_org], array[3::smallint], array[(p_audit ->> 'id')::uuid], array[p_audit ->> 'body'], array[p_audit -> 'fields']) l;
  if v_violation is not null then
    perform ledger_append(array[p_org], array[4::smallint], array[(v_violation ->> 'id')::uuid], array[v_violation ->> 'body'], array[v_violation -> 'fields']);
    insert into alert (org_id, id, event_id, agent_id, action, cause, risk_score, reasons, created_at)
      select p_org, x.id, x.event_id, x.agent_id, x.action, 'fail-mode', x.risk_score, x.reasons, recorded_at
      from jsonb_to_record(p_overridden -> 'alert') as x(id text, event_id text, agent_id text, action text, risk_score smallint, reasons text);
  end if;
  status := 'recorded'; body := p_audit ->> 'body';
  return next;
end $$;

grant execute on function report_fail_mode(uuid, jsonb, jsonb) to mg_app;
