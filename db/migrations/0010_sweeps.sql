-- Changes reach reviews while they wait: each change leaves a sweep behind in its own transaction, so that none is lost with the process.
-- A sweep is named after the audit record of its cause. With it, organisation-wide stops.
set local role mg_owner;

-- The configuration that the change made: what was weighed against an older one is looked at again.
alter table review_sweep add column config_version bigint not null default 0;
alter table agent_stop add column sweep_id text not null;
create index review_sweep_running on review_sweep (started_at) where status = 'running';
create index agent_stop_in_force on agent_stop (org_id) where lifted_at is null;
create index review_settled on review (org_id, settled_by, id) where settled_by is not null;
create index review_overdue on review (due_at) where status = 'pending' and joined_to is null;

reset role;
set local role mg_ledger;

-- Whether the sweep has to look at this review. What has happened already is judged whatever changes; only votes on it can fall.
-- A stop takes in what was parked when it was ordered, even where another sweep has weighed it since.
create function review_concerns(q review, s review_sweep) returns boolean
  language sql stable
  set search_path = public, pg_catalog, pg_temp
  as $$
  select q.status = 'pending' and case s.cause::jsonb ->> 'kind'
    when 'policy-activated' then q.kind = 'gate' and q.config_version < s.config_version
    when 'agent-changed' then q.kind = 'gate' and q.config_version < s.config_version and q.agent_id = s.cause::jsonb ->> 'agentId'
    when 'agent-stopped' then q.kind = 'gate' and (q.config_version < s.config_version or q.created_at <= s.started_at) and q.agent_id = s.cause::jsonb ->> 'agentId'
    when 'agents-stopped' then q.kind = 'gate' and (q.config_version < s.config_version or q.created_at <= s.started_at)
      and (s.cause::jsonb -> 'agents') ?| array['*', q.agent_id]
    -- More than it needs: earlier steps by that key match as well. Reading the text is cheaper than parsing it.
    when 'key-revoked' then strpos(q.summary, '"requester":"key:' || (s.cause::jsonb ->> 'keyId') || '"') > 0
      or strpos(q.state, '"via":"key:' || (s.cause::jsonb ->> 'keyId') || '"') > 0
    else false end $$;

-- Called under the ledger's head. A sweep that finds nothing is finished at once.
create function open_sweep(p_org uuid, p_audit jsonb, p_cause jsonb) returns text
  language plpgsql
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  s review_sweep;
  v_total int;
begin
  insert into review_sweep (org_id, id, cause, config_version)
    select p_org, 'swp_' || replace(p_audit ->> 'id', '-', ''), p_cause::text, o.config_version from organization o where o.org_id = p_org
    returning * into strict s;
  select count(*) into v_total from review q where q.org_id = p_org and q.status = 'pending' and review_concerns(q, s);
  update review_sweep w set total = v_total,
      status = case when v_total = 0 then 'finished' else 'running' end,
      finished_at = case when v_total = 0 then now() end
    where w.org_id = p_org and w.id = s.id;
  return s.id;
end $$;

-- Records what one page of a sweep did, and how far the sweep has come with it. `p_items` as in `review_record`, each with `counts`: how many
-- reviews it stands for. `p_same` are reviews of which only the configuration they were weighed against moves: [{leader, id, version, config_version}].
-- Answers per group of reviews (by the id of its leader) recorded, exists or stale; no row at all where the sweep runs no more.
create function sweep_record(p_org uuid, p_sweep text, p_items jsonb[], p_same jsonb) returns table (id text, status text)
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  r record;
  v_done int := 0;
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  perform 1 from review_sweep w where w.org_id = p_org and w.id = p_sweep and w.status = 'running' for update;
  if not found then
    return;
  end if;
  if cardinality(p_items) > 0 then
    for r in select t.ord, t.status from review_record(p_items) t order by t.ord loop
      id := p_items[r.ord] ->> 'id'; status := r.status;
      if status = 'recorded' then
        v_done := v_done + (p_items[r.ord] ->> 'counts')::int;
      end if;
      return next;
    end loop;
  end if;
  for r in select * from jsonb_to_recordset(p_same) as x(leader text, id text, version int, config_version bigint) loop
    update review q set config_version = r.config_version, version = q.version + 1
      where q.org_id = p_org and q.id = r.id and q.version = r.version and q.status = 'pending';
    id := r.leader; status := case when found then 'recorded' else 'stale' end;
    if found then
      v_done := v_done + 1;
    end if;
    return next;
  end loop;
  update review_sweep w set done = least(w.done + v_done, w.total) where w.org_id = p_org and w.id = p_sweep;
end $$;

-- What was counted at the start and is not pending any more counts as done, whoever did it.
create function finish_sweep(p_org uuid, p_sweep text, p_status text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  update review_sweep w set status = p_status, finished_at = now(), done = case when p_status = 'finished' then w.total else w.done end
    where w.org_id = p_org and w.id = p_sweep and w.status = 'running' $$;

-- False when there is no such sweep or it has ended.
create function cancel_sweep(p_org uuid, p_sweep text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update review_sweep w set status = 'cancelled', finished_at = now() where w.org_id = p_org and w.id = p_sweep and w.status = 'running';
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create function stop_agents(p_org uuid, p_id text, p_agents text[], p_reason text, p_by text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  insert into agent_stop (org_id, id, agents, reason, stopped_by, sweep_id)
    values (p_org, p_id, p_agents, p_reason, p_by,
            open_sweep(p_org, p_audit, jsonb_build_object('kind', 'agents-stopped', 'stopId', p_id, 'agents', to_jsonb(p_agents), 'reason', p_reason)));
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such stop or it was lifted before.
create function lift_stop(p_org uuid, p_id text, p_by text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  update agent_stop t set lifted_at = now(), lifted_by = p_by where t.org_id = p_org and t.id = p_id and t.lifted_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create or replace function activate_policy(p_org uuid, p_id text, p_version int, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  if not exists (select from policy_version v where v.org_id = p_org and v.policy_id = p_id and v.version = p_version) then
    return false;
  end if;
  perform bump_config(p_org);
  update organization o set active_policy_id = p_id, active_policy_version = p_version where o.org_id = p_org;
  perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'policy-activated', 'policy', p_id || '@' || p_version));
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create or replace function put_agent(p_org uuid, p_agent text, p_profile text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  insert into agent as g (org_id, agent_id, profile) values (p_org, p_agent, p_profile)
    on conflict (org_id, agent_id) do update set profile = excluded.profile;
  perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'agent-changed', 'agentId', p_agent));
  perform audit_append(p_org, p_audit);
end $$;

create or replace function set_agent_status(p_org uuid, p_agent text, p_status text, p_reason text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  update agent g set status = p_status, stopped_reason = p_reason where g.org_id = p_org and g.agent_id = p_agent;
  if not found then
    return false;
  end if;
  if p_status = 'stopped' then
    perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'agent-stopped', 'agentId', p_agent, 'reason', coalesce(p_reason, '')));
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create or replace function revoke_api_key(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform 1 from ledger_head h where h.org_id = p_org for update;
  update api_key k set revoked_at = now() where k.org_id = p_org and k.id = p_id and k.revoked_at is null;
  if not found then
    return false;
  end if;
  perform open_sweep(p_org, p_audit, jsonb_build_object('kind', 'key-revoked', 'keyId', p_id));
  perform audit_append(p_org, p_audit);
  perform pg_notify('mg_key', p_id);
  return true;
end $$;

-- For whoever takes up what a lost process or a lost Temporal database has left lying, across organisations: ids, and what changed.
create function running_sweeps(p_limit int) returns table (org_id uuid, id text, cause text)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select w.org_id, w.id, w.cause from review_sweep w where w.status = 'running' order by w.started_at limit p_limit $$;

create function overdue_reviews(p_before timestamptz, p_limit int) returns table (org_id uuid, id text, event_id text, kind text)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select q.org_id, q.id, q.event_id, q.kind from review q
  where q.status = 'pending' and q.joined_to is null and q.due_at < p_before order by q.due_at limit p_limit $$;

grant execute on function
  review_concerns(review, review_sweep),
  sweep_record(uuid, text, jsonb[], jsonb),
  finish_sweep(uuid, text, text),
  cancel_sweep(uuid, text, jsonb),
  stop_agents(uuid, text, text[], text, text, jsonb),
  lift_stop(uuid, text, text, jsonb),
  running_sweeps(int),
  overdue_reviews(timestamptz, int)
  to mg_app;
