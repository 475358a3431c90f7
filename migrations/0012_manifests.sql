-- What each node last said of all its files together (projections/data_view).
create table manifests (
    node         text collate "C" primary key,
    digest       text not null,
    files        bigint not null,
    bytes        bigint not null,
    collected_at timestamptz not null
);
