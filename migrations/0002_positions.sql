-- How far into the log the other tables have come. One row, changed in the transaction that changes
-- the tables: whatever is killed when, they are exactly what the log says up to here.
create table positions (
    name       text primary key,  -- Always `tables`.
    position   bigint not null,   -- Of the last event in the tables; 0 for none.
    event      text,              -- Its id, by which a log of another cluster is told from this one.
    cluster    text,              -- Whose events these are; null before the first.
    format     text,              -- Of folds and rows; another one is filled anew, see README.md.
    updated_at timestamptz not null default now()
);

insert into positions (name, position) values ('tables', 0);
