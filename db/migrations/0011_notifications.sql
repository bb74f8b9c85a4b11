-- Ways to reach reviewers, what was sent over them, and links that were used. Only changes an administrator makes are in the ledger;
-- a link's decision is there as the step it is.
set local role mg_owner;

alter table notification
  add column level smallint not null default 0,
  drop constraint notification_status_check,
  -- skipped: by the time it was to be sent there was nothing left to tell.
  add constraint notification_status_check check (status in ('pending', 'sent', 'failed', 'skipped'));
create index notification_by_age on notification (org_id, review_id, created_at, id);
create index channel_in_use on notification_channel (org_id) where disabled_at is null;

reset role;
set local role mg_ledger;

create function create_channel(p_org uuid, p_id text, p_kind text, p_name text, p_config bytea, p_occasions text[], p_created_by text, p_audit jsonb) returns void
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into notification_channel (org_id, id, kind, name, config, occasions, created_by) values (p_org, p_id, p_kind, p_name, p_config, p_occasions, p_created_by);
  perform audit_append(p_org, p_audit);
end $$;

-- False when there is no such channel or it was disabled before.
create function disable_channel(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  update notification_channel c set disabled_at = now() where c.org_id = p_org and c.id = p_id and c.disabled_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

-- Plans deliveries: `p_items` is [{id, channel_id, review_id, occasion, level, member_id}]. What is planned already stays as it is.
create function open_notifications(p_org uuid, p_items jsonb) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  insert into notification (org_id, id, channel_id, review_id, occasion, level, member_id, status)
    select p_org, x.id, x.channel_id, x.review_id, x.occasion, x.level, x.member_id, 'pending'
    from jsonb_to_recordset(p_items) as x(id text, channel_id text, review_id text, occasion text, level smallint, member_id text)
    on conflict do nothing $$;

-- Notes a try that failed, with `pending`, or how the delivery ended. What has ended stays so.
create function close_notification(p_org uuid, p_id text, p_status text, p_attempts int, p_error text) returns void
  language sql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
  update notification n set status = p_status, attempts = p_attempts, last_error = coalesce(p_error, n.last_error),
                            finished_at = case when p_status = 'pending' then null else now() end
    where n.org_id = p_org and n.id = p_id and n.status = 'pending' $$;

-- True for the first use.
create function use_review_link(p_org uuid, p_link text, p_review text, p_member text) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  insert into review_link_use (org_id, link_id, review_id, member_id) values (p_org, p_link, p_review, p_member) on conflict do nothing;
  return found;
end $$;

grant execute on function
  create_channel(uuid, text, text, text, bytea, text[], text, jsonb),
  disable_channel(uuid, text, jsonb),
  open_notifications(uuid, jsonb),
  close_notification(uuid, text, text, int, text),
  use_review_link(uuid, text, text, text)
  to mg_app;
