-- The number of each recount of Redis's index, which must never come again: Redis may lose a counter of its own and keep what an older recount left,
-- and the next one of that number would be counted on top of it (make faults SEED=904417 MINUTES=60 at cc12c42; ADR 0016). It begins above all that Redis ever counted.
create sequence candidate_generation start 1000000000;
grant usage on sequence candidate_generation to pahlawan_app;
