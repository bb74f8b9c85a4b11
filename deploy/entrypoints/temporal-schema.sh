#!/bin/sh
# Brings Temporal's two databases to the schema of this image. A repeat leaves a schema that is there alone. SQL_PASSWORD is read by the tool.
set -eu

sql_tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --ep postgres --port 5432 --user temporal --db "$database" "$@"
}

sql_tool temporal setup-schema -v 0.0
sql_tool temporal update-schema -d /etc/temporal/schema/postgresql/v12/temporal/versioned
sql_tool temporal_visibility setup-schema -v 0.0
sql_tool temporal_visibility update-schema -d /etc/temporal/schema/postgresql/v12/visibility/versioned
