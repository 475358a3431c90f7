-- The evidence about candidates (projections/training_view).
create table evaluations (
    config          text collate "C" not null,
    model           text collate "C" not null,
    baseline        text not null,
    verdict         text not null,  -- stronger, not_stronger, undecided or failed.
    pentanomial     json not null,
    games           bigint not null,
    llr_micro       bigint not null,
    llr_lower_micro bigint not null,
    llr_upper_micro bigint not null,
    elo_milli       bigint not null,
    elo_low_milli   bigint not null,
    elo_high_milli  bigint not null,
    works           json not null,
    reason          text not null,
    primary key (config, model)
);
