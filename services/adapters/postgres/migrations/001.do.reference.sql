-- What every shard may need to read: small, rarely written, replicated to all nodes under Citus.
create table donor (
  donor_id          text primary key,
  name              text not null,
  lat               double precision not null check (lat between -90 and 90),
  lon               double precision not null check (lon between -180 and 180),
  home_region_id    bigint not null,
  time_zone         text not null,
  active            boolean not null default true,
  hours             jsonb not null default '[]',
  hours_text        text,
  categories        text[] not null default '{}',
  contact_cipher    bytea,
  contact_key_id    text,
  -- which fields were derived, not told: OpenStreetMap knows no capacities
  derived           text[] not null default '{}',
  osm               text,
  version           integer not null default 1,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);

create table recipient (
  recipient_id         text primary key,
  name                 text not null,
  lat                  double precision not null check (lat between -90 and 90),
  lon                  double precision not null check (lon between -180 and 180),
  home_region_id       bigint not null,
  time_zone            text not null,
  active               boolean not null default true,
  -- the food bank of last resort
  fallback             boolean not null default false,
  categories           text[] not null,
  storages             text[] not null,
  needs                jsonb not null default '{}',
  hours                jsonb not null,
  hours_text           text,
  travel_mode          text not null check (travel_mode in ('pedestrian', 'bicycle', 'auto')),
  capacity_grams       bigint not null check (capacity_grams >= 0),
  daily_capacity_grams bigint not null check (daily_capacity_grams >= 0),
  weekly_need_grams    bigint not null check (weekly_need_grams >= 0),
  contact_cipher       bytea,
  contact_key_id       text,
  derived              text[] not null default '{}',
  osm                  text,
  version              integer not null default 1,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now()
);
create index recipient_updated on recipient (updated_at);

-- The regions in use: what the sweep and the relay go through, one by one.
create table region (
  geo_region_id bigint primary key,
  token         text not null unique,
  created_at    timestamptz not null default now()
);
