-- How the services' statements are planned. They all name their rows by key, so one plan serves all calls (planned anew each
-- time, the partitions cost more than the rows: 0.6 ms a call, measured). But a plan made while a partition is still empty
-- lives until its first ANALYZE, and on nothing any plan looks good: one that reads the whole region for each row (100 pages
-- a row, measured). So there must be only one way: no scan of a table, ids first in the keys (they are unique without the
-- region), and statements that give ids as one array, never as a join.
-- (A scan that nothing can avoid then looks dear enough to be compiled, which takes seconds: no JIT.)
do $$
begin
  if exists (select 1 from pg_roles where rolname = 'pahlawan_app' and 'jit=off' = any(rolconfig)) then return; end if;
  -- Citus plans anew by itself, and must: it asks the parameters which shard is meant
  if not exists (select 1 from pg_extension where extname = 'citus') then
    alter role pahlawan_app set plan_cache_mode = 'force_generic_plan';
  end if;
  alter role pahlawan_app set enable_seqscan = off;
  alter role pahlawan_app set jit = off;
end $$;

-- In a block, so that each step is a statement of its own: Citus sends its shards the text it was given.
do $$
begin
  alter table lot drop constraint lot_pkey;
  alter table lot add constraint lot_pkey primary key (lot_id, geo_region_id, posted_at);
  alter table offer drop constraint offer_pkey;
  alter table offer add constraint offer_pkey primary key (offer_id, geo_region_id, posted_at);
  alter table matching_history drop constraint matching_history_pkey;
  alter table matching_history add constraint matching_history_pkey
    primary key (lot_id, version, geo_region_id, posted_at);
  -- a turn writes one event of a lot, and a version more
  alter table outbox drop constraint outbox_pkey;
  alter table outbox add constraint outbox_pkey primary key (lot_id, lot_version, geo_region_id, created_at);
  drop index offer_lot;
  create index offer_lot on offer (lot_id);
  drop index lot_root;
  create index lot_root on lot (root_id);
  drop index outbox_lot;
end $$;
