create table pets (
  id text primary key,
  name text not null,
  species text not null,
  age_months integer not null,
  price text not null,
  status text not null,
  created_at text not null,
  version integer not null
) strict;
create index pets_by_species on pets (species, id);
