-- The shares of selfplay after the last decision (projections/training_view).
create table curriculum (
    config     text collate "C" primary key,
    weight_ppm bigint not null,
    event      text not null  -- The CURRICULUM_REBALANCED.
);
