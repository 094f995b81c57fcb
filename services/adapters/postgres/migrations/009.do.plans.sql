-- How the services' statements are planned. They all name their rows by key, so one plan serves all calls (planned anew each
-- time, the partitions cost more than the rows: 0.6 ms a call, measured). But a plan made while a partition is still empty
-- lives until its first ANALYZE, and on nothing any plan looks good: one that reads the whole region for each row (120 pages
-- a row, measured). So there is only one kind of plan left for this role: by index, row after row.
alter role pahlawan_app set plan_cache_mode = 'force_generic_plan';
alter role pahlawan_app set enable_seqscan = off;
alter role pahlawan_app set enable_bitmapscan = off;
alter role pahlawan_app set enable_hashjoin = off;
alter role pahlawan_app set enable_mergejoin = off;
alter role pahlawan_app set enable_material = off;

-- For the same reason only the keys begin with the region: of two such indexes an empty partition may get the wrong one.
-- The others are complete without it, since lots, posts and offers have ids of their own.
drop index offer_lot;
drop index lot_root;
create index lot_root on lot (root_id);
drop index outbox_lot;
create index outbox_lot on outbox (lot_id, lot_version);
