-- Where Citus is installed in this database, the tables are distributed; on plain PostgreSQL nothing happens here.
do $$
declare
  v_table text;
begin
  if not exists (select 1 from pg_extension where extname = 'citus') then return; end if;
  -- tables and functions are distributed in one transaction, so over one connection per node
  set local citus.multi_shard_modify_mode = 'sequential';
  perform create_reference_table('donor');
  perform create_reference_table('recipient');
  perform create_reference_table('region');
  perform create_distributed_table('cell', 'geo_region_id');
  foreach v_table in array array['lot', 'offer', 'matching_history', 'command', 'recipient_day', 'outbox'] loop
    perform create_distributed_table(v_table, 'geo_region_id', colocate_with => 'cell');
  end loop;
  perform create_distributed_function(
    'write_turn(bigint, bigint, bigint, timestamptz, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb)',
    'p_region', colocate_with => 'cell');
end $$;
