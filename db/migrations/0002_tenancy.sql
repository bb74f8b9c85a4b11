-- Organisations and everything an administrator keeps. Every key starts with org_id, so that uniqueness never tells one tenant of another.
set local role mg_owner;

-- The tenant of the running transaction; null (and so no row at all) when none is set.
create function current_org() returns uuid
  language sql stable parallel safe
  set search_path = pg_catalog, pg_temp
  as $$ select nullif(current_setting('mg.org_id', true), '')::uuid $$;
grant execute on function current_org() to mg_app, mg_ledger, mg_auth, mg_report;

create table organization (
  org_id uuid primary key,
  name text not null,
  plan text not null check (plan in ('free', 'pro', 'enterprise')),
  retention_days smallint not null check (retention_days in (7, 90, 2555)),
  event_quota bigint check (event_quota >= 0),
  active_policy_id text,
  active_policy_version int,
  -- Counts every change that a decision depends on: active policy, agent profiles, stops, plan.
  config_version bigint not null default 1,
  created_at timestamptz not null default now()
);

create table member (
  org_id uuid not null references organization,
  id text not null,
  email text not null check (email = lower(email)),
  name text not null,
  role text not null check (role in ('Owner', 'Admin', 'Reviewer', 'Auditor', 'Viewer')),
  groups text[] not null default '{}',
  password_hash text,
  status text not null default 'active' check (status in ('active', 'disabled')),
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, email)
);
create index member_by_email on member (email);

create table member_session (
  org_id uuid not null,
  token_hash bytea not null,
  member_id text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (org_id, token_hash),
  foreign key (org_id, member_id) references member (org_id, id)
);
create unique index member_session_by_token on member_session (token_hash);

create table api_key (
  org_id uuid not null references organization,
  id text not null,
  name text not null,
  mode text not null check (mode in ('live', 'test')),
  scopes text[] not null,
  member_id text,
  secret_hmac bytea not null,
  pepper_version smallint not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, member_id) references member (org_id, id)
);
create unique index api_key_by_id on api_key (id);

create table agent (
  org_id uuid not null references organization,
  agent_id text not null,
  status text not null default 'active' check (status in ('active', 'stopped')),
  stopped_reason text,
  profile text,                -- JSON text as it was put; null until somebody does
  registered_at timestamptz not null default now(),
  last_seen_at timestamptz,
  primary key (org_id, agent_id)
);

create table policy (
  org_id uuid not null references organization,
  id text not null,
  name text not null,
  latest_version int not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, name)
);

create table policy_version (
  org_id uuid not null,
  policy_id text not null,
  version int not null,
  document text not null,      -- RFC 8785 text
  digest bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (org_id, policy_id, version),
  foreign key (org_id, policy_id) references policy (org_id, id)
);

do $$
declare
  t text;
begin
  foreach t in array array['organization', 'member', 'member_session', 'api_key', 'agent', 'policy', 'policy_version'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select, insert, update on %I to mg_ledger', t);
  end loop;
end $$;

grant select on organization, agent, policy, policy_version to mg_app, mg_report;
grant select (org_id, id, email, name, role, groups, status, created_at) on member to mg_app, mg_report;
grant select (org_id, id, name, mode, scopes, member_id, created_by, created_at, expires_at, last_used_at, revoked_at) on api_key to mg_app, mg_report;
-- A revoked session is gone: nothing refers to it and the sign-out itself is in the ledger.
grant delete on member_session to mg_ledger;
