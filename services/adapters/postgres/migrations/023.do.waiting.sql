-- Lots that wait as the clock told them while it was ahead: those that wait for candidates, hardly any and none for long, and those that were posted in a time
-- that is yet to come. Both indexes are next to empty where they are looked at.
create index lot_posted on lot (geo_region_id, next_action_at) where state = 'posted';
create index lot_rematching on lot (geo_region_id, posted_at) where state = 'rematching';
