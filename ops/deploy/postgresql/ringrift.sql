-- Role, database and a reader for RingRift. Once, as a superuser, from this folder:
--   sudo -u postgres psql --set=password="$PASSWORD" --set=reader_password="$READER" -f ringrift.sql
-- The tables are made by `ringrift migrate`, as the role ringrift.
\set ON_ERROR_STOP on
create role ringrift login password :'password';
create role ringrift_reader login password :'reader_password';
create database ringrift owner ringrift template template0 encoding 'UTF8' locale 'C.UTF-8';
revoke all on database ringrift from public;
grant connect on database ringrift to ringrift_reader;
\connect ringrift
-- The schema of the option postgres_schema. A rebuild makes its tables anew beside the live ones,
-- so what ringrift makes is readable by default rather than by name.
create schema ringrift authorization ringrift;
grant usage on schema ringrift to ringrift_reader;
alter default privileges for role ringrift grant select on tables to ringrift_reader;
alter default privileges for role ringrift grant usage on schemas to ringrift_reader;
alter role ringrift_reader set search_path = ringrift;
alter role ringrift_reader set default_transaction_read_only = on;
