-- What operators did is read newest first; everybody else's rows, which are most, are not.
create index audit_log_operators on audit_log (at, audit_id) where actor_role = 'operator';
