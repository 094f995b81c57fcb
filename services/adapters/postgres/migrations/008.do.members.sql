-- Who is there: relays share the slots, sweeping workers the regions. A member that stops is gone when its time has passed.
create table member (
  role       text not null,
  owner      text not null,
  seen_until timestamptz not null,
  primary key (role, owner)
);
grant select, insert, update, delete on member to pahlawan_app;

-- The relay asks before each batch whether a lot has an earlier event still waiting, and an event nobody was told of is
-- sent again from here: neither may get slow with a backlog.
create index outbox_lot on outbox (geo_region_id, lot_id, lot_version);
