-- Where the copies of files are (projections/data_view).
create table replicas (
    file    text collate "C" not null,
    node    text collate "C" not null,
    copied  boolean not null,  -- A copy is there, verified when it was made.
    damaged boolean not null,  -- In quarantine there; counts as no copy.
    primary key (file, node)
);

create index replicas_node on replicas (node);
