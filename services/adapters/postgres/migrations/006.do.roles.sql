-- The services' role: reads and writes rows, changes no schema. Its name is fixed; its password is the deployment's.
do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'pahlawan_app') then
    create role pahlawan_app login;
  end if;
end $$;
alter role pahlawan_app set statement_timeout = '1s';
alter role pahlawan_app set idle_in_transaction_session_timeout = '1s';
alter role pahlawan_app set lock_timeout = '1s';
grant usage on schema public to pahlawan_app;
grant select, insert, update on all tables in schema public to pahlawan_app;
grant delete on command, push_subscription, travel_time to pahlawan_app;
revoke update on matching_history, audit_log from pahlawan_app;
grant execute on all functions in schema public to pahlawan_app;
alter default privileges in schema public grant select, insert, update on tables to pahlawan_app;
