#!/bin/sh
# Runs once, on an empty data directory. Temporal gets a role and databases of its own and no way into the application's.
set -eu

psql --set ON_ERROR_STOP=1 --set temporal_password="$TEMPORAL_DB_PASSWORD" --username postgres --dbname mastguard <<'SQL'
create role temporal login password :'temporal_password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database mastguard, temporal, temporal_visibility from public;
-- The migration gives these roles their passwords and their rights.
create role mg_app nologin;
create role mg_signer nologin;
create role mg_purge nologin;
grant connect on database mastguard to mg_app, mg_signer, mg_purge;
SQL
