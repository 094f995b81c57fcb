-- A partition that somebody has detached is put back while it is written to: found by its name it was taken for there, and no post could be written.
-- What is over for three days is archived as one likes.
create or replace function make_partition(p_table text, p_format text, p_from timestamptz, p_to timestamptz)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_name   text := p_table || '_' || to_char(p_from at time zone 'UTC', p_format);
  v_part   regclass := to_regclass(v_name);
  v_bounds text := format('for values from (%L) to (%L)',
    to_char(p_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'),
    to_char((case when p_format = 'YYYYMM' then date_trunc('month', (p_from at time zone 'UTC') + interval '32 days')
                  else (p_to at time zone 'UTC') end), 'YYYY-MM-DD HH24:MI:SS+00'));
begin
  if exists (select 1 from pg_inherits where inhrelid = v_part and inhparent = p_table::regclass) then return 0; end if;
  if v_part is null then
    execute format('create table %I partition of %I %s', v_name, p_table, v_bounds);
  elsif p_to < now() - interval '3 days' then
    return 0;
  else
    execute format('alter table %I attach partition %I %s', p_table, v_name, v_bounds);
  end if;
  if p_table = 'matching_history' then execute format('revoke update on %I from pahlawan_app', v_name); end if;
  return 1;
end $$;

-- A partition of another name than ours (a default one, say) is nobody's day, and keeps no day from going.
create or replace function drop_done_outbox_days() returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_part    regclass;
  v_name    text;
  v_pending bigint;
  v_dropped integer := 0;
begin
  for v_part, v_name in
    select c.oid::regclass, c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'outbox'::regclass and c.relname ~ '^outbox_\d{8}$'
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
