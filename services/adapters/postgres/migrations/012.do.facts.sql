-- What the donor said of hot and chilled food, and which photo it took, travel with the lot. Of write_turns only the columns of new lots change; its
-- signature stays, so that hosts of the version before go on writing (their lots say nothing).
do $$
begin
  -- apart: Citus adds no column together with a constraint
  alter table lot add column temperature text;
  alter table lot add column photo text;
  alter table lot add constraint lot_temperature check (temperature in ('checked', 'promised'));
end $$;

create or replace function write_turns(
  p_region bigint, p_cells jsonb, p_not_after timestamptz,
  p_commands jsonb, p_new_lots jsonb, p_lots jsonb, p_new_offers jsonb, p_offers jsonb,
  p_history jsonb, p_outbox jsonb, p_days jsonb
) returns void language plpgsql as $$
declare
  v_rows integer;
  v_ids  text[];
  v_from timestamptz;
  v_to   timestamptz;
begin
  -- `for key share` would not conflict with the bump
  perform 1 from jsonb_to_recordset(p_cells) as c(cell_id bigint, epoch bigint)
    join cell on cell.geo_region_id = p_region and cell.cell_id = c.cell_id and cell.epoch = c.epoch for share of cell;
  get diagnostics v_rows = row_count;
  if v_rows <> jsonb_array_length(p_cells) then raise exception 'fenced' using errcode = 'PF001'; end if;
  -- after the lock: waiting for it counts too
  if clock_timestamp() > p_not_after then raise exception 'late' using errcode = 'PF002'; end if;
  if exists (select 1 from jsonb_to_recordset(p_history) as h(not_before timestamptz)
              where h.not_before > clock_timestamp()) then
    raise exception 'early' using errcode = 'PF004';
  end if;

  if p_commands <> '[]' then
    insert into command (geo_region_id, command_id, kind, fingerprint, answer)
    select p_region, c.command_id, c.kind, c.fingerprint, c.answer
      from jsonb_to_recordset(p_commands) as c(command_id text, kind text, fingerprint text, answer jsonb);
  end if;

  if p_new_lots <> '[]' then
    insert into lot (geo_region_id, posted_at, lot_id, cell_id, root_id, parent_id, donor_id, state, version, quantity_grams,
      posted_grams, servings, category, storage, ready_from, safe_until, lat, lon, note, temperature, photo, attempt, tries,
      radius_meters, tried, next_action_at, pickup_by, reminded, dead_lettered, ended_at)
    select p_region, l.posted_at, l.lot_id, l.cell_id, l.root_id, l.parent_id, l.donor_id, l.state, l.version, l.quantity_grams,
      l.posted_grams, l.servings, l.category, l.storage, l.ready_from, l.safe_until, l.lat, l.lon, l.note, l.temperature, l.photo,
      l.attempt, l.tries, l.radius_meters, l.tried, l.next_action_at, l.pickup_by, l.reminded, l.dead_lettered, l.ended_at
    from jsonb_to_recordset(p_new_lots) as l(posted_at timestamptz, lot_id text, cell_id bigint, root_id text, parent_id text,
      donor_id text, state text, version integer, quantity_grams bigint, posted_grams bigint, servings integer, category text,
      storage text, ready_from timestamptz, safe_until timestamptz, lat double precision, lon double precision, note text, temperature text,
      photo text, attempt integer,
      tries integer, radius_meters integer, tried text[], next_action_at timestamptz, pickup_by timestamptz, reminded boolean,
      dead_lettered boolean, ended_at timestamptz);
  end if;

  if p_lots <> '[]' then
    select array_agg(l.lot_id), min(l.posted_at), max(l.posted_at) into v_ids, v_from, v_to
      from jsonb_to_recordset(p_lots) as l(lot_id text, posted_at timestamptz);
    update lot set state = l.state, version = l.version, quantity_grams = l.quantity_grams, servings = l.servings,
      attempt = l.attempt, tries = l.tries, radius_meters = l.radius_meters, tried = l.tried, next_action_at = l.next_action_at,
      pickup_by = l.pickup_by, reminded = l.reminded, dead_lettered = l.dead_lettered, ended_at = l.ended_at
    from jsonb_to_recordset(p_lots) as l(posted_at timestamptz, lot_id text, was_version integer, state text, version integer,
      quantity_grams bigint, servings integer, attempt integer, tries integer, radius_meters integer, tried text[],
      next_action_at timestamptz, pickup_by timestamptz, reminded boolean, dead_lettered boolean, ended_at timestamptz)
    where lot.geo_region_id = p_region and lot.lot_id = any(v_ids) and lot.posted_at between v_from and v_to
      and lot.lot_id = l.lot_id and lot.version = l.was_version;
    get diagnostics v_rows = row_count;
    if v_rows <> jsonb_array_length(p_lots) then raise exception 'changed' using errcode = 'PF005'; end if;
  end if;

  if p_new_offers <> '[]' then
    insert into offer (geo_region_id, posted_at, offer_id, lot_id, attempt, recipient_id, recipient_name, state, quantity_grams,
      deadline, distance_meters, travel_seconds, travel_source, reasons, fallback, offered_at, answered_at, code_generation,
      wrong_codes, time_zone)
    select p_region, o.posted_at, o.offer_id, o.lot_id, o.attempt, o.recipient_id, o.recipient_name, o.state, o.quantity_grams,
      o.deadline, o.distance_meters, o.travel_seconds, o.travel_source, o.reasons, o.fallback, o.offered_at, o.answered_at,
      o.code_generation, o.wrong_codes, o.time_zone
    from jsonb_to_recordset(p_new_offers) as o(posted_at timestamptz, offer_id text, lot_id text, attempt integer,
      recipient_id text, recipient_name text, state text, quantity_grams bigint, deadline timestamptz,
      distance_meters double precision, travel_seconds integer, travel_source text, reasons jsonb, fallback boolean,
      offered_at timestamptz, answered_at timestamptz, code_generation integer, wrong_codes integer, time_zone text);
  end if;

  if p_offers <> '[]' then
    select array_agg(o.offer_id), min(o.posted_at), max(o.posted_at) into v_ids, v_from, v_to
      from jsonb_to_recordset(p_offers) as o(offer_id text, posted_at timestamptz);
    update offer set state = o.state, quantity_grams = o.quantity_grams, answered_at = o.answered_at,
      code_generation = o.code_generation, wrong_codes = o.wrong_codes
    from jsonb_to_recordset(p_offers) as o(posted_at timestamptz, offer_id text, state text, quantity_grams bigint,
      answered_at timestamptz, code_generation integer, wrong_codes integer)
    where offer.geo_region_id = p_region and offer.offer_id = any(v_ids) and offer.posted_at between v_from and v_to
      and offer.offer_id = o.offer_id;
  end if;

  if p_history <> '[]' then
    insert into matching_history (geo_region_id, posted_at, lot_id, version, from_state, to_state, reason, offer_id,
      recipient_id, detail, quantity_grams, at)
    select p_region, h.posted_at, h.lot_id, h.version, h.from_state, h.to_state, h.reason, h.offer_id, h.recipient_id, h.detail,
      h.quantity_grams, h.at
    from jsonb_to_recordset(p_history) as h(posted_at timestamptz, lot_id text, version integer, from_state text, to_state text,
      reason text, offer_id text, recipient_id text, detail text, quantity_grams bigint, at timestamptz);
  end if;

  if p_outbox <> '[]' then
    insert into outbox (geo_region_id, created_at, outbox_id, lot_id, lot_version, subject, payload, traceparent)
    select p_region, now(), b.outbox_id, b.lot_id, b.lot_version, b.subject, decode(b.payload, 'base64'), b.traceparent
    from jsonb_to_recordset(p_outbox) as b(outbox_id uuid, lot_id text, lot_version integer, subject text, payload text,
      traceparent text);
  end if;

  if p_days <> '[]' then
    insert into recipient_day as d (geo_region_id, recipient_id, day, collected_grams, handovers)
    select p_region, x.recipient_id, x.day, sum(x.quantity_grams), count(*)
    from jsonb_to_recordset(p_days) as x(recipient_id text, day date, quantity_grams bigint)
    group by x.recipient_id, x.day
    on conflict (geo_region_id, recipient_id, day) do update
      set collected_grams = d.collected_grams + excluded.collected_grams, handovers = d.handovers + excluded.handovers;
  end if;
end $$;
