-- A donor who is paused: its recurring windows leave the day out, and say so.
alter table posting_window drop constraint posting_window_last_outcome_check;
alter table posting_window add constraint posting_window_last_outcome_check
  check (last_outcome in ('posted', 'missed', 'refused', 'paused'));
