-- The files that the log knows (projections/data_view).
create table files (
    file     text collate "C" primary key,  -- Its SHA-256.
    kind     text collate "C" not null,
    config   text collate "C" not null,
    name     text not null,
    bytes    bigint not null,
    games    bigint not null,
    model    text not null,
    work     text not null,
    recorded bigint not null,   -- Position; 0 when only copies of it were spoken of.
    event    text not null,
    synced   boolean not null
);

create index files_config on files (config, kind, recorded);
