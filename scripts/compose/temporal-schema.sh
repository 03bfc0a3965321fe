#!/bin/sh
# Brings Temporal's two databases to the schema of this image; safe to run again. The connection is in SQL_*.
set -eu
for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  temporal-sql-tool --database "$database" create-database
  # Makes the table that keeps the version; a schema that is newer stays as it is.
  temporal-sql-tool --database "$database" setup-schema --version 0.0
  temporal-sql-tool --database "$database" update-schema \
    --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
