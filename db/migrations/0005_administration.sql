-- Every administrative change and its audit record in one statement. The API has no other way to write these tables.
-- `p_audit` is {id, body, fields}: the audit record in RFC 8785 text and its projection columns.
set local role mg_ledger;

create function audit_append(p_org uuid, p_audit jsonb) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$ select ledger_append(array[p_org], array[3::smallint], array[(p_audit ->> 'id')::uuid], array[p_audit ->> 'body'], array[p_audit -> 'fields']) $$;

create function create_organization(p_org uuid, p_name text, p_plan text, p_retention_days smallint, p_event_quota bigint, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into organization (org_id, name, plan, retention_days, event_quota) values (p_org, p_name, p_plan, p_retention_days, p_event_quota);
  insert into ledger_head (org_id, head) values (p_org, sha256(convert_to('mg-chain-v1:' || p_org, 'UTF8')));
  perform audit_append(p_org, p_audit);
end $$;

create function create_member(p_org uuid, p_id text, p_email text, p_name text, p_role text, p_groups text[], p_password_hash text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into member (org_id, id, email, name, role, groups, password_hash) values (p_org, p_id, p_email, p_name, p_role, p_groups, p_password_hash);
  perform audit_append(p_org, p_audit);
end $$;

-- Opens a session and drops the member's expired ones.
create function open_session(p_org uuid, p_token_hash bytea, p_member text, p_expires_at timestamptz, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  delete from member_session s where s.org_id = p_org and s.member_id = p_member and s.expires_at < now();
  insert into member_session (org_id, token_hash, member_id, expires_at) values (p_org, p_token_hash, p_member, p_expires_at);
  perform audit_append(p_org, p_audit);
end $$;

create function close_session(p_org uuid, p_token_hash bytea, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  delete from member_session s where s.org_id = p_org and s.token_hash = p_token_hash;
  if found then
    perform audit_append(p_org, p_audit);
  end if;
end $$;

create function create_api_key(p_org uuid, p_id text, p_name text, p_mode text, p_scopes text[], p_member text, p_secret_hmac bytea, p_pepper_version smallint,
                               p_created_by text, p_expires_at timestamptz, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into api_key (org_id, id, name, mode, scopes, member_id, secret_hmac, pepper_version, created_by, expires_at)
    values (p_org, p_id, p_name, p_mode, p_scopes, p_member, p_secret_hmac, p_pepper_version, p_created_by, p_expires_at);
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such key or it was revoked before.
create function revoke_api_key(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  update api_key k set revoked_at = now() where k.org_id = p_org and k.id = p_id and k.revoked_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  perform pg_notify('mg_key', p_id);
  return true;
end $$;

create function bump_config(p_org uuid) returns void
  language sql
  set search_path = public, pg_catalog, pg_temp
  as $$
  -- Under the ledger head, so that no decision is settled between the change and its visibility.
  select 1 from ledger_head h where h.org_id = p_org for update;
  update organization o set config_version = o.config_version + 1 where o.org_id = p_org;
  select pg_notify('mg_config', p_org::text) $$;

create function put_agent(p_org uuid, p_agent text, p_profile text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  insert into agent as g (org_id, agent_id, profile) values (p_org, p_agent, p_profile)
    on conflict (org_id, agent_id) do update set profile = excluded.profile;
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such agent.
create function set_agent_status(p_org uuid, p_agent text, p_status text, p_reason text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  perform bump_config(p_org);
  update agent g set status = p_status, stopped_reason = p_reason where g.org_id = p_org and g.agent_id = p_agent;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

create function create_policy(p_org uuid, p_id text, p_name text, p_document text, p_digest bytea, p_created_by text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into policy (org_id, id, name, latest_version) values (p_org, p_id, p_name, 1);
  insert into policy_version (org_id, policy_id, version, document, digest, created_by) values (p_org, p_id, 1, p_document, p_digest, p_created_by);
  perform audit_append(p_org, p_audit);
end $$;

-- The number of the new version; null when there is no such policy. The audit record names the digest, not the number, which is only known here.
create function create_policy_version(p_org uuid, p_id text, p_document text, p_digest bytea, p_created_by text, p_audit jsonb) returns int
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
declare
  v_version int;
begin
  update policy p set latest_version = p.latest_version + 1 where p.org_id = p_org and p.id = p_id returning p.latest_version into v_version;
  if v_version is null then
    return null;
  end if;
  insert into policy_version (org_id, policy_id, version, document, digest, created_by) values (p_org, p_id, v_version, p_document, p_digest, p_created_by);
  perform audit_append(p_org, p_audit);
  return v_version;
end $$;

-- False when there is no such version.
create function activate_policy(p_org uuid, p_id text, p_version int, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  if not exists (select from policy_version v where v.org_id = p_org and v.policy_id = p_id and v.version = p_version) then
    return false;
  end if;
  perform bump_config(p_org);
  update organization o set active_policy_id = p_id, active_policy_version = p_version where o.org_id = p_org;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

grant execute on function
  create_organization(uuid, text, text, smallint, bigint, jsonb),
  create_member(uuid, text, text, text, text, text[], text, jsonb),
  open_session(uuid, bytea, text, timestamptz, jsonb),
  close_session(uuid, bytea, jsonb),
  create_api_key(uuid, text, text, text, text[], text, bytea, smallint, text, timestamptz, jsonb),
  revoke_api_key(uuid, text, jsonb),
  put_agent(uuid, text, text, jsonb),
  set_agent_status(uuid, text, text, text, jsonb),
  create_policy(uuid, text, text, text, bytea, text, jsonb),
  create_policy_version(uuid, text, text, bytea, text, jsonb),
  activate_policy(uuid, text, int, jsonb)
  to mg_app;

reset role;
set local role mg_owner;
grant select on api_key, member, member_session, organization to mg_auth;
grant update (last_used_at) on api_key to mg_auth;
grant update (last_seen_at) on member_session to mg_auth;
do $$
declare
  t text;
begin
  foreach t in array array['api_key', 'member', 'member_session', 'organization'] loop
    execute format('create policy authentication on %I to mg_auth using (true)', t);
  end loop;
end $$;
reset role;
set local role mg_auth;

-- Look-ups before the tenant is known. Each takes one exact, unguessable or secret-checked value and answers one row at most per organisation.
create function auth_api_key(p_id text)
  returns table (org_id uuid, id text, mode text, scopes text[], member_id text, member_role text, member_groups text[], secret_hmac bytea, pepper_version smallint, expires_at timestamptz, revoked_at timestamptz)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select k.org_id, k.id, k.mode, k.scopes, k.member_id, m.role, m.groups, k.secret_hmac, k.pepper_version, k.expires_at,
         case when k.member_id is not null and m.status is distinct from 'active' then coalesce(k.revoked_at, now()) else k.revoked_at end
  from api_key k left join member m on m.org_id = k.org_id and m.id = k.member_id
  where k.id = p_id $$;

create function auth_session(p_token_hash bytea)
  returns table (org_id uuid, member_id text, email text, name text, role text, groups text[], created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  select s.org_id, m.id, m.email, m.name, m.role, m.groups, s.created_at, s.last_seen_at, s.expires_at
  from member_session s join member m on m.org_id = s.org_id and m.id = s.member_id
  where s.token_hash = p_token_hash and s.expires_at > now() and m.status = 'active' $$;

create function auth_members(p_email text)
  returns table (org_id uuid, id text, name text, role text, password_hash text)
  language sql stable security definer
  set search_path = public, pg_catalog, pg_temp
  as $$ select m.org_id, m.id, m.name, m.role, m.password_hash from member m where m.email = lower(p_email) and m.status = 'active' order by m.org_id limit 5 $$;

-- Uses are written in batches, so that a busy key costs no write per request.
create function auth_touch(p_key_ids text[], p_token_hashes bytea[]) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  update api_key k set last_used_at = now() where k.id = any (p_key_ids);
  update member_session s set last_seen_at = now() where s.token_hash = any (p_token_hashes);
end $$;

grant execute on function auth_api_key(text), auth_session(bytea), auth_members(text), auth_touch(text[], bytea[]) to mg_app;
