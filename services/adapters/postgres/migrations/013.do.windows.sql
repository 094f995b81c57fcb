-- Recurring windows: what a donor has left over at the same time of so many days, posted by itself. An ordinary table: a worker
-- looks for what is due by one index, and no turn reads it. Days are the donor's own, as text: a date has no zone to be mistaken for.
create table posting_window (
  window_id        text primary key,
  donor_id         text not null,
  version          integer not null default 1,
  minute_of_day    integer not null check (minute_of_day between 0 and 1439),
  -- ISO: 1 is Monday
  weekdays         integer[] not null,
  category         text not null,
  storage          text not null,
  quantity_grams   bigint not null check (quantity_grams > 0),
  good_for_minutes integer not null check (good_for_minutes > 0),
  note             text,
  temperature      text check (temperature in ('checked', 'promised')),
  paused           boolean not null,
  skips            text[] not null default '{}',
  -- the next time it posts; null: never, it is paused
  next_day         text,
  next_at          timestamptz,
  -- taken by a worker: from here on that day can't be skipped
  posting_day      text,
  last_day         text,
  last_outcome     text check (last_outcome in ('posted', 'missed', 'refused')),
  last_lot_id      text,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check ((next_day is null) = (next_at is null)),
  check ((last_day is null) = (last_outcome is null))
);
create index posting_window_due on posting_window (next_at) where next_at is not null;
create index posting_window_donor on posting_window (donor_id, created_at);
grant select, insert, update, delete on posting_window to pahlawan_app;

-- Photos of food: who took which, and when; the picture itself is in the object store.
create table photo (
  photo_id   text primary key,
  donor_id   text not null,
  bytes      integer not null check (bytes > 0),
  created_at timestamptz not null default now()
);
create index photo_created on photo (created_at);
grant select, insert, update, delete on photo to pahlawan_app;
