-- ANALYZE reads 300 rows for each step of its histograms: with PostgreSQL's 100 steps half a second of a whole core for the month's offers, a third for
-- the day's outbox, again and again while they grow (log_autovacuum_min_duration, measured). Autovacuum's delays don't cover that work, and
-- whoever posts waits behind it. Our statements have one plan each, whatever the values (009): a tenth of the steps says enough.
-- The database's own setting, because autovacuum's workers have no role; where the migrating role may not, speed is all that is lost.
do $$
begin
  execute format('alter database %I set default_statistics_target = 10', current_database());
exception when insufficient_privilege then
  raise warning 'for speed, the owner of the database should run: alter database % set default_statistics_target = 10', quote_ident(current_database());
end $$;
