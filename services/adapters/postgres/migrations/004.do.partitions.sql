-- Partitions are made ahead: months for what belongs to a lot, days for the outbox. Safe to call at any time.
create function ensure_partitions(p_from timestamptz default now() - interval '1 month', p_months integer default 5)
returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_table text;
  v_from  timestamptz;
  v_made  integer := 0;
begin
  foreach v_table in array array['lot', 'offer', 'matching_history'] loop
    for i in 0 .. p_months - 1 loop
      v_from := (date_trunc('month', p_from at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
      v_made := v_made + make_partition(v_table, 'YYYYMM', v_from, v_from + interval '1 month' );
    end loop;
  end loop;
  for i in -1 .. 13 loop
    v_from := (date_trunc('day', now() at time zone 'UTC') + make_interval(days => i)) at time zone 'UTC';
    v_made := v_made + make_partition('outbox', 'YYYYMMDD', v_from, v_from + interval '1 day');
  end loop;
  return v_made;
end $$;

create function make_partition(p_table text, p_format text, p_from timestamptz, p_to timestamptz)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_name text := p_table || '_' || to_char(p_from at time zone 'UTC', p_format);
begin
  if to_regclass(v_name) is not null then return 0; end if;
  execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, p_table,
    to_char(p_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'),
    to_char((case when p_format = 'YYYYMM' then date_trunc('month', (p_from at time zone 'UTC') + interval '32 days')
                  else (p_to at time zone 'UTC') end), 'YYYY-MM-DD HH24:MI:SS+00'));
  return 1;
end $$;

-- A day of the outbox goes when all of it is published and it is two days old.
create function drop_done_outbox_days() returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_part    regclass;
  v_name    text;
  v_pending bigint;
  v_dropped integer := 0;
begin
  for v_part, v_name in
    select c.oid::regclass, c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'outbox'::regclass
  loop
    continue when to_date(right(v_name, 8), 'YYYYMMDD') > (now() at time zone 'UTC')::date - 2;
    execute format('select count(*) from %s where published_at is null', v_part) into v_pending;
    if v_pending = 0 then
      execute format('drop table %s', v_part);
      v_dropped := v_dropped + 1;
    end if;
  end loop;
  return v_dropped;
end $$;

select ensure_partitions();
