-- Human review in full: who stands in for whom, approvals that are used once, grants, alerts, outcomes, sweeps, notices.
set local role mg_owner;

alter table review
  add column kind text not null default 'gate' check (kind in ('gate', 'after')),
  -- The review that is asked instead of this one, and the ones asked through this one.
  add column joined_to text,
  add column joined text[] not null default '{}',
  -- Ledger position of the last entry about this review: the order in which the queue's feed tells of changes.
  add column changed_seq bigint not null default 0,
  -- The configuration the review was last weighed against.
  add column config_version bigint not null default 0,
  add column approval_expires_at timestamptz,
  add column consumed_at timestamptz,
  add column consumed_by text,
  add column settled_by text,
  drop constraint review_status_check,
  add constraint review_status_check check (status in ('pending', 'approved', 'rejected', 'responded', 'expired', 'withdrawn', 'released', 'refused'));
create index review_by_risk on review (org_id, risk_score desc, created_at, id) where status = 'pending' and joined_to is null;
create index review_by_change on review (org_id, changed_seq);
create index review_by_call on review (org_id, session_id, action_digest) where status = 'pending' and joined_to is null;
create index review_by_event on review (org_id, event_id);

-- Who decided what and how fast: a projection of hitl_decisions for load and median time.
create table review_vote (
  org_id uuid not null references organization,
  record_id uuid not null,
  review_id text not null,
  member_id text not null,
  verb text not null,
  at timestamptz not null,
  took_ms bigint,
  quick boolean not null default false,
  primary key (org_id, record_id)
);
create index on review_vote (org_id, member_id, at);

create table delegation (
  org_id uuid not null references organization,
  id text not null,
  from_member text not null,
  to_member text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text,
  created_by text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (org_id, id),
  check (starts_at < ends_at),
  check (from_member <> to_member),
  foreign key (org_id, from_member) references member (org_id, id),
  foreign key (org_id, to_member) references member (org_id, id)
);
create index on delegation (org_id, ends_at) where revoked_at is null;

-- A person's leave for one agent to use one tool within bounds, for a while, so often.
create table approval_grant (
  org_id uuid not null references organization,
  id text not null,
  agent_id text not null,
  tool text not null,
  bounds text not null,        -- JSON text: bounds of each argument
  session_id text,
  review_id text,
  expires_at timestamptz not null,
  max_uses int not null check (max_uses >= 1),
  uses int not null default 0,
  reason text,
  granted_by text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  revoked_by text,
  primary key (org_id, id),
  check (uses <= max_uses)
);
create index on approval_grant (org_id, agent_id) where revoked_at is null;
create table approval_grant_use (
  org_id uuid not null,
  grant_id text not null,
  event_id text not null,
  at timestamptz not null,
  primary key (org_id, grant_id, event_id),
  foreign key (org_id, grant_id) references approval_grant (org_id, id)
);

-- Flagged for somebody to look at. The event's own record says why.
create table alert (
  org_id uuid not null references organization,
  id text not null,
  event_id text not null,
  agent_id text not null,
  action text not null,
  cause text not null check (cause in ('decision', 'outcome-silent', 'outcome-failed', 'break-glass', 'escalation')),
  risk_score smallint not null,
  reasons text not null,       -- JSON text
  status text not null default 'open' check (status in ('open', 'acknowledged', 'dismissed', 'escalated')),
  review_id text,              -- the review that raised it
  escalated_to text,           -- the review that judges it
  created_at timestamptz not null,
  handled_at timestamptz,
  handled_by text,
  note text,
  primary key (org_id, id)
);
create index alert_queue on alert (org_id, risk_score desc, created_at, id) where status = 'open';
create index alert_by_age on alert (org_id, created_at, id);

-- What the agent reported about an action it was told to report on.
create table event_outcome (
  org_id uuid not null references organization,
  event_id text not null,
  agent_id text not null,
  action text not null,
  risk_score smallint not null,
  within_ms bigint not null,
  -- Null while the action waits for a review and for its approval to be used.
  due_at timestamptz,
  status text not null default 'waiting' check (status in ('waiting', 'executed', 'failed', 'unknown', 'silent', 'unused')),
  detail text,
  reported_at timestamptz,
  reported_by text,
  primary key (org_id, event_id)
);

-- Standing order to block every new event of some agents.
create table agent_stop (
  org_id uuid not null references organization,
  id text not null,
  agents text[] not null,      -- ids, or '*'
  reason text not null,
  stopped_by text not null,
  stopped_at timestamptz not null default now(),
  lifted_at timestamptz,
  lifted_by text,
  primary key (org_id, id)
);

-- One pass over the pending reviews after something changed.
create table review_sweep (
  org_id uuid not null references organization,
  id text not null,
  cause text not null,         -- JSON text
  total int not null default 0,
  done int not null default 0,
  status text not null default 'running' check (status in ('running', 'finished', 'cancelled')),
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, id)
);

-- A way to reach reviewers. `config` is sealed: addresses of chat webhooks are secrets.
create table notification_channel (
  org_id uuid not null references organization,
  id text not null,
  kind text not null check (kind in ('email', 'slack', 'teams', 'webhook')),
  name text not null,
  config bytea not null,
  occasions text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  primary key (org_id, id)
);
create table notification (
  org_id uuid not null references organization,
  id text not null,
  channel_id text not null,
  review_id text not null,
  occasion text not null,
  member_id text,
  status text not null check (status in ('pending', 'sent', 'failed')),
  attempts int not null default 0,
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, id)
);
create index on notification (org_id, review_id);

-- One-click links that have been used.
create table review_link_use (
  org_id uuid not null references organization,
  link_id text not null,
  review_id text not null,
  member_id text not null,
  used_at timestamptz not null default now(),
  primary key (org_id, link_id)
);

do $$
declare
  t text;
begin
  foreach t in array array['review_vote', 'delegation', 'approval_grant', 'approval_grant_use', 'alert', 'event_outcome', 'agent_stop', 'review_sweep',
                           'notification_channel', 'notification', 'review_link_use'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy tenant on %I for select to mg_app, mg_report using (org_id = current_org())', t);
    execute format('create policy writer on %I to mg_ledger using (true) with check (true)', t);
    execute format('grant select on %I to mg_app', t);
    execute format('grant select, insert, update on %I to mg_ledger', t);
  end loop;
end $$;
grant select on review_vote, delegation, approval_grant, approval_grant_use, alert, event_outcome, agent_stop, review_sweep, notification, review_link_use to mg_report;
