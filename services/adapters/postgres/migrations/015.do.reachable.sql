-- Is a recipient still reached? A push service takes messages for browsers nobody opens any more; so devices report.
alter table push_subscription add column heartbeat_at timestamptz not null default now();
-- a push was shown on the device, and it said so; last_delivered_at: the push service took it
alter table push_subscription add column arrived_at timestamptz;
-- the push service said that it is gone (404, 410)
alter table push_subscription add column dead_at timestamptz;

-- The number for the second channel, sealed as push subscriptions are; what language to write in.
create table phone_number (
  role            text not null check (role in ('donor', 'recipient')),
  organisation_id text not null,
  cipher          bytea not null,
  key_id          text not null,
  language        text not null check (language in ('id', 'en')),
  created_at      timestamptz not null default now(),
  -- the gateway took a message for it
  last_sent_at    timestamptz,
  -- the gateway will never take one for it
  refused_at      timestamptz,
  primary key (role, organisation_id)
);
grant select, insert, update, delete on phone_number to pahlawan_app;
