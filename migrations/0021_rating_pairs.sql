-- The score between every two models that met (projections/ratings_view).
create table rating_pairs (
    config text collate "C" not null,
    first  text collate "C" not null,  -- The smaller id.
    second text collate "C" not null,
    wins   bigint not null,  -- Of the first.
    draws  bigint not null,
    losses bigint not null,
    primary key (config, first, second)
);
