-- Alerts are handled once; grants are given and taken back. Each change stands with its audit record in one statement.
set local role mg_owner;

-- What a configuration loads are grants that are not over, and those that are stay for ever.
create index on approval_grant (org_id, expires_at) where revoked_at is null;
create index on approval_grant_use (org_id, grant_id, at, event_id);

reset role;
set local role mg_ledger;

-- Handles an open alert as `p_status` says. False when there is no such alert or it was handled before: of two that race the ledger's head
-- lets one in. `p_opens`, where it is no JSON null, is the review that judges the event: {id, digest, session_id, plan, state, summary,
-- created_at, due_at, expires_at}.
create function handle_alert(p_org uuid, p_id text, p_status text, p_member text, p_note text, p_opens jsonb, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v alert;
  v_seq bigint;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update alert a set status = p_status, handled_at = ledger_now(), handled_by = p_member, note = p_note, escalated_to = p_opens ->> 'id'
    where a.org_id = p_org and a.id = p_id and a.status = 'open' returning a.* into v;
  if not found then
    return false;
  end if;
  select l.seq into v_seq
    from ledger_append(array[p_org], array[3::smallint], array[(p_audit ->> 'id')::uuid], array[p_audit ->> 'body'], array[p_audit -> 'fields']) l;
  if jsonb_typeof(p_opens) = 'object' then
    insert into review (org_id, id, event_id, agent_id, action, session_id, risk_score, status, action_digest, plan, state, summary, created_at, due_at, expires_at,
                        kind, config_version, changed_seq)
      select p_org, x.id, v.event_id, v.agent_id, v.action, x.session_id, v.risk_score, 'pending', x.digest, x.plan, x.state, x.summary, x.created_at, x.due_at,
             x.expires_at, 'after', o.config_version, v_seq
      from jsonb_to_record(p_opens) as x(id text, digest text, session_id text, plan text, state text, summary text, created_at timestamptz, due_at timestamptz,
                                         expires_at timestamptz),
           organization o
      where o.org_id = p_org;
    perform pg_notify('mg_review', p_org || ' ' || (p_opens ->> 'id'));
  end if;
  return true;
end $$;

-- Decisions see a grant from the next one on: like a policy it is part of the configuration they were computed from.
create function create_grant(p_org uuid, p_grant jsonb, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  insert into approval_grant (org_id, id, agent_id, tool, bounds, session_id, review_id, expires_at, max_uses, reason, granted_by)
    select p_org, x.id, x.agent_id, x.tool, x.bounds, x.session_id, x.review_id, x.expires_at, x.max_uses, x.reason, x.granted_by
    from jsonb_to_record(p_grant) as x(id text, agent_id text, tool text, bounds text, session_id text, review_id text, expires_at timestamptz, max_uses int,
                                       reason text, granted_by text);
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such grant or it was revoked before.
create function revoke_grant(p_org uuid, p_id text, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update approval_grant g set revoked_at = ledger_now(), revoked_by = p_by where g.org_id = p_org and g.id = p_id and g.revoked_at is null;
  if not found then
    return false;
  end if;
  perform bump_config(p_org);
  perform audit_append(p_org, p_audit);
  return true;
end $$;

grant execute on function handle_alert(uuid, text, text, text, text, jsonb, jsonb), create_grant(uuid, jsonb, jsonb), revoke_grant(uuid, text, text, jsonb) to mg_app;
