-- Elo as last said (projections/ratings_view).
create table ratings (
    config        text not null,
    model         text not null,
    elo_milli     bigint not null,
    error95_milli bigint not null,
    games         bigint not null,
    primary key (config, model)
);
