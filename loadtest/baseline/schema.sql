-- The same rows as ours, in tables of the same columns, checks and indexes; recipients with the point that the nearest-neighbour search needs.
create schema if not exists baseline;
create table if not exists baseline.command (like public.command including all);
create table if not exists baseline.lot (like public.lot including all);
create table if not exists baseline.offer (like public.offer including all);
create table if not exists baseline.matching_history (like public.matching_history including all);
create table if not exists baseline.outbox (like public.outbox including all);
create table if not exists baseline.recipient (
  recipient_id   text primary key,
  name           text not null,
  time_zone      text not null,
  place          point not null,
  categories     text[] not null,
  storages       text[] not null,
  capacity_grams bigint not null,
  open_grams     bigint not null default 0
) with (fillfactor = 50);
create index if not exists recipient_place on baseline.recipient using gist (place);
insert into baseline.recipient (recipient_id, name, time_zone, place, categories, storages, capacity_grams)
select recipient_id, name, time_zone, point(lon, lat), categories, storages, capacity_grams
  from public.recipient where active and not fallback
on conflict do nothing;
grant usage on schema baseline to pahlawan_app;
grant select, insert, update on all tables in schema baseline to pahlawan_app;
