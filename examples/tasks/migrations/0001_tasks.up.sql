create table tasks (
  id text primary key,
  title text not null,
  priority integer not null
) strict;
