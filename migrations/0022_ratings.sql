-- Elo as last said (projections/ratings_view).
create table ratings (
    config        text collate "C" not null,
    model         text collate "C" not null,
    elo_milli     bigint not null,
    error95_milli bigint not null,
    games         bigint not null,
    primary key (config, model)
);
