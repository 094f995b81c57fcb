-- Who signs in. A member is `donor:<id>`, `recipient:<id>` or `operator:<name>`, as the api's principals are (their scope).
-- Ordinary tables: read when somebody signs in or a quarter of an hour later, never by a turn. Secrets are 256 random bits and
-- stand here as SHA-256 only: whoever reads the tables can't sign in.
create table sign_in_link (
  token_hash      bytea primary key,
  role            text not null check (role in ('donor', 'recipient', 'operator')),
  -- the organisation's id, or the operator's name
  subject         text not null,
  created_at      timestamptz not null default now(),
  expires_at      timestamptz not null,
  used_at         timestamptz
);
create index sign_in_link_expires on sign_in_link (expires_at);

-- One browser that is signed in. Its secret changes with every use; the one before is good for some seconds more.
create table session (
  session_id      text primary key,
  role            text not null check (role in ('donor', 'recipient', 'operator')),
  subject         text not null,
  secret_hash     bytea not null,
  previous_hash   bytea,
  rotated_at      timestamptz not null default now(),
  created_at      timestamptz not null default now(),
  expires_at      timestamptz not null,
  ended_at        timestamptz,
  -- signed-out, everywhere, reused
  ended_because   text
);
create index session_member on session (role, subject);
create index session_expires on session (expires_at);

create table passkey (
  credential_id   text primary key,
  role            text not null check (role in ('donor', 'recipient', 'operator')),
  subject         text not null,
  -- COSE
  public_key      bytea not null,
  sign_count      bigint not null,
  transports      text[] not null default '{}',
  created_at      timestamptz not null default now(),
  last_used_at    timestamptz
);
create index passkey_member on passkey (role, subject);

-- A challenge proves by itself that it is ours and young; here is only that it was used.
create table spent_challenge (
  challenge_hash  bytea primary key,
  expires_at      timestamptz not null
);
create index spent_challenge_expires on spent_challenge (expires_at);

grant select, insert, update, delete on sign_in_link, session, passkey, spent_challenge to pahlawan_app;
