-- An operator's pause is not the donor's to end, as it is not the recipient's (014).
do $$
begin
  alter table donor add column paused_by_operator boolean not null default false;
end $$;
