create table orders (
  id text primary key,
  pet_id text not null references pets (id),
  customer text not null,
  price text not null,
  status text not null,
  created_at text not null,
  version integer not null
) strict;
create index orders_by_pet on orders (pet_id);
