-- What happened is only added to: partitions had the right to change it from the defaults, whatever their parent lost.
do $$
declare
  v_part regclass;
begin
  for v_part in select inhrelid::regclass from pg_inherits where inhparent = 'matching_history'::regclass loop
    execute format('revoke update on %s from pahlawan_app', v_part);
  end loop;
end $$;

create or replace function make_partition(p_table text, p_format text, p_from timestamptz, p_to timestamptz)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_name text := p_table || '_' || to_char(p_from at time zone 'UTC', p_format);
begin
  if to_regclass(v_name) is not null then return 0; end if;
  execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, p_table,
    to_char(p_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'),
    to_char((case when p_format = 'YYYYMM' then date_trunc('month', (p_from at time zone 'UTC') + interval '32 days')
                  else (p_to at time zone 'UTC') end), 'YYYY-MM-DD HH24:MI:SS+00'));
  if p_table = 'matching_history' then execute format('revoke update on %I from pahlawan_app', v_name); end if;
  return 1;
end $$;

-- Migrations alone write these.
revoke insert, update on schemaversion, deployment from pahlawan_app;

-- Old travel times go oldest first; without it each look passes all of them, and of some millions none went any more.
create index travel_time_measured on travel_time (measured_at);
