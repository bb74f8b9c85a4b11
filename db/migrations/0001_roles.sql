-- Roles of the product. None of them is a superuser and none bypasses row-level security.
--   mg_owner   owns tables and migrations; sees no tenant's rows
--   mg_ledger  owns the functions that write: the only role with INSERT on the ledger
--   mg_auth    owns the look-ups that happen before the tenant is known
--   mg_app     what the API and the workers connect as: SELECT under RLS, EXECUTE on functions
--   mg_signer, mg_purge, mg_report  signing, retention and read-only reporting
do $$
declare
  r text;
begin
  foreach r in array array['mg_owner', 'mg_ledger', 'mg_auth', 'mg_app', 'mg_signer', 'mg_purge', 'mg_report'] loop
    if not exists (select from pg_roles where rolname = r) then
      -- Roles belong to the server: another database's migration may be making them at this moment.
      begin
        execute format('create role %I nologin', r);
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
  end loop;
end $$;

do $$
begin
  -- A superuser needs no membership; any other migrating user must be able to act as these roles.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant mg_owner, mg_ledger, mg_auth, mg_app to %I', current_user);
  end if;
end $$;

revoke all on schema public from public;
alter schema public owner to mg_owner;
grant usage, create on schema public to mg_ledger, mg_auth;
grant usage on schema public to mg_app, mg_signer, mg_purge, mg_report;
alter default privileges for role mg_owner revoke execute on functions from public;
alter default privileges for role mg_ledger revoke execute on functions from public;
alter default privileges for role mg_auth revoke execute on functions from public;
