-- Of one node: small tables that nothing on the hot path joins.
create table deployment (
  setting text primary key,
  value   text not null
);

create table relay_slot (
  slot         integer primary key,
  owner        text,
  leased_until timestamptz
);
insert into relay_slot (slot) select generate_series(0, 31);

create table travel_time (
  from_place     text not null,
  to_place       text not null,
  mode           text not null,
  travel_seconds integer not null,
  measured_at    timestamptz not null default now(),
  primary key (from_place, to_place, mode)
);

create table push_subscription (
  endpoint_digest   text primary key,
  organisation_id   text not null,
  role              text not null,
  -- AES-256-GCM over the browser's subscription as JSON
  cipher            bytea not null,
  key_id            text not null,
  created_at        timestamptz not null default now(),
  last_delivered_at timestamptz
);
create index push_subscription_organisation on push_subscription (organisation_id);

create table audit_log (
  audit_id           uuid primary key,
  at                 timestamptz not null default now(),
  actor_role         text not null,
  actor_organisation text,
  action             text not null,
  subject            text not null,
  why                text,
  before             jsonb,
  after              jsonb
);
create index audit_log_subject on audit_log (subject, at);
