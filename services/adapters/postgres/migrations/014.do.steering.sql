-- What operators do over the rules' head.

-- An operator's pause is not the recipient's to end.
do $$
begin
  alter table recipient add column paused_by_operator boolean not null default false;
end $$;

-- The deadline of an offer can move now. write_turns stays as it was but for that column: it is read from the catalogue, so that
-- whatever earlier migrations made of it stays too.
do $$
declare
  v_now  text := pg_get_functiondef('write_turns'::regproc);
  v_next text := replace(
    replace(v_now, 'update offer set state = o.state,', 'update offer set deadline = o.deadline, state = o.state,'),
    'as o(posted_at timestamptz, offer_id text, state text, quantity_grams bigint,',
    'as o(posted_at timestamptz, offer_id text, state text, deadline timestamptz, quantity_grams bigint,');
begin
  if v_next not like '%set deadline = o.deadline,%' or v_next not like '%state text, deadline timestamptz,%' then
    raise exception 'write_turns is not what this migration changes';
  end if;
  execute v_next;
end $$;
