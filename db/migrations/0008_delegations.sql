-- Out of office: who decides in whose place, and when.
set local role mg_ledger;

-- `created`, or `circular` where, at some moment of the period, `p_from` would already decide in the place of `p_to`, directly or in a chain;
-- nothing is written then.
create function create_delegation(p_org uuid, p_id text, p_from text, p_to text, p_starts_at timestamptz, p_ends_at timestamptz, p_reason text,
                                  p_created_by text, p_audit jsonb) returns text
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  -- Under the ledger head: of two that close a circle together, the second one sees the first.
  perform 1 from ledger_head h where h.org_id = p_org for update;
  if exists (
    with recursive
      stands_in as materialized (
        select d.from_member, d.to_member, d.starts_at, d.ends_at from delegation d
        where d.org_id = p_org and d.revoked_at is null and d.starts_at < p_ends_at and d.ends_at > p_starts_at
      ),
      -- A circle begins when one of its delegations does: no other moment need be looked at.
      moment as (
        select p_starts_at as at union select s.starts_at from stands_in s where s.starts_at > p_starts_at
      ),
      reached (at, member) as (
        select m.at, p_to from moment m
        union
        select r.at, s.to_member from reached r join stands_in s on s.from_member = r.member and s.starts_at <= r.at and r.at < s.ends_at
      )
    select from reached r where r.member = p_from
  ) then
    return 'circular';
  end if;
  insert into delegation (org_id, id, from_member, to_member, starts_at, ends_at, reason, created_by)
    values (p_org, p_id, p_from, p_to, p_starts_at, p_ends_at, p_reason, p_created_by);
  perform audit_append(p_org, p_audit);
  return 'created';
end $$;

-- False when there is no such delegation or it was revoked before.
create function revoke_delegation(p_org uuid, p_id text, p_audit jsonb) returns boolean
  language plpgsql security definer
  set search_path = public, pg_catalog, pg_temp
  as $$
begin
  update delegation d set revoked_at = now() where d.org_id = p_org and d.id = p_id and d.revoked_at is null;
  if not found then
    return false;
  end if;
  perform audit_append(p_org, p_audit);
  return true;
end $$;

grant execute on function
  create_delegation(uuid, text, text, text, timestamptz, timestamptz, text, text, jsonb),
  revoke_delegation(uuid, text, jsonb)
  to mg_app;
