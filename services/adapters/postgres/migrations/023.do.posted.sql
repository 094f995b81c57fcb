-- Lots that wait for candidates to be there: hardly any, and none for long. One that seems to wait for long was written while the clock was ahead.
create index lot_posted on lot (geo_region_id, next_action_at) where state = 'posted';
