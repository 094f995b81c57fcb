-- Distributed by geo_region_id and co-located; partitioned by the time in the lot's uuid.
create table cell (
  geo_region_id bigint not null,
  cell_id       bigint not null,
  epoch         bigint not null,
  owner         text not null,
  activated_at  timestamptz not null default now(),
  primary key (geo_region_id, cell_id)
);

create table lot (
  geo_region_id   bigint not null,
  posted_at       timestamptz not null,
  lot_id          text not null,
  cell_id         bigint not null,
  root_id         text not null,
  parent_id       text,
  donor_id        text not null,
  state           text not null check (state in ('posted', 'offered', 'claimed', 'rematching', 'collected', 'expired', 'cancelled')),
  version         integer not null,
  quantity_grams  bigint not null check (quantity_grams > 0),
  posted_grams    bigint not null check (posted_grams >= 0),
  servings        integer,
  category        text not null,
  storage         text not null,
  ready_from      timestamptz not null,
  safe_until      timestamptz not null,
  lat             double precision not null,
  lon             double precision not null,
  note            text,
  attempt         integer not null,
  tries           integer not null,
  radius_meters   integer not null,
  tried           text[] not null,
  next_action_at  timestamptz,
  pickup_by       timestamptz,
  reminded        boolean not null,
  dead_lettered   boolean not null,
  ended_at        timestamptz,
  primary key (geo_region_id, posted_at, lot_id),
  check ((ended_at is null) = (state not in ('collected', 'expired', 'cancelled'))),
  check ((next_action_at is null) = (ended_at is not null))
) partition by range (posted_at);
create index lot_open_of_cell on lot (geo_region_id, cell_id) where ended_at is null;
create index lot_due on lot (geo_region_id, next_action_at) where ended_at is null;
create index lot_root on lot (geo_region_id, root_id);
create index lot_donor on lot (donor_id, posted_at desc);

create table offer (
  geo_region_id    bigint not null,
  posted_at        timestamptz not null,
  offer_id         text not null,
  lot_id           text not null,
  attempt          integer not null,
  recipient_id     text not null,
  recipient_name   text not null,
  state            text not null check (state in ('open', 'claimed', 'declined', 'lapsed', 'released', 'collected', 'expired', 'withdrawn')),
  quantity_grams   bigint not null check (quantity_grams > 0),
  deadline         timestamptz not null,
  distance_meters  double precision not null,
  travel_seconds   integer not null,
  travel_source    text not null,
  reasons          jsonb not null,
  fallback         boolean not null,
  offered_at       timestamptz not null,
  answered_at      timestamptz,
  code_generation  integer not null,
  wrong_codes      integer not null,
  time_zone        text not null,
  -- set by the notifier: the proof that somebody was told
  notified_at      timestamptz,
  primary key (geo_region_id, posted_at, offer_id)
) partition by range (posted_at);
create index offer_lot on offer (geo_region_id, lot_id);
create index offer_recipient_open on offer (recipient_id) where state in ('open', 'claimed');
create index offer_recipient on offer (recipient_id, offered_at desc);
create index offer_unnotified on offer (geo_region_id, offered_at) where state = 'open' and notified_at is null;

create table matching_history (
  geo_region_id  bigint not null,
  posted_at      timestamptz not null,
  lot_id         text not null,
  version        integer not null,
  from_state     text,
  to_state       text not null,
  reason         text not null,
  offer_id       text,
  recipient_id   text,
  detail         text,
  quantity_grams bigint not null,
  at             timestamptz not null,
  primary key (geo_region_id, posted_at, lot_id, version)
) partition by range (posted_at);

-- Every repeatable thing: Idempotency-Keys, consumed events, sweeps.
create table command (
  geo_region_id  bigint not null,
  command_id     text not null,
  kind           text not null,
  fingerprint    text,
  answer         jsonb,
  -- a key claimed in its organisation's home region for a cell elsewhere
  elsewhere_cell text,
  elsewhere_lot  text,
  created_at     timestamptz not null default now(),
  primary key (geo_region_id, command_id)
);
create index command_created on command (geo_region_id, created_at);

-- Collected grams per recipient and its local day, as handed over in this region.
create table recipient_day (
  geo_region_id   bigint not null,
  recipient_id    text not null,
  day             date not null,
  collected_grams bigint not null,
  handovers       integer not null,
  primary key (geo_region_id, recipient_id, day)
);
create index recipient_day_recipient on recipient_day (recipient_id, day);

create table outbox (
  geo_region_id bigint not null,
  created_at    timestamptz not null default now(),
  outbox_id     uuid not null,
  lot_id        text not null,
  lot_version   integer not null,
  subject       text not null,
  payload       bytea not null,
  traceparent   text,
  claimed_until timestamptz,
  published_at  timestamptz,
  primary key (geo_region_id, created_at, outbox_id)
) partition by range (created_at);
create index outbox_unpublished on outbox (geo_region_id, created_at, lot_version) where published_at is null;
