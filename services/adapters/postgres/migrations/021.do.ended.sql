-- What operators list and add up, once there are millions of lots: the newest of each end, and its sums, from the index alone. An entry is made once a lot,
-- when it ends; open ones are few and have indexes of their own. (While it is built nobody writes: some seconds a million lots.)
create index lot_ended on lot (state, posted_at desc, lot_id desc) include (quantity_grams, posted_grams, dead_lettered)
  where ended_at is not null;
