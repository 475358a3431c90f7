-- Each game configuration, one row: its data, its training, its ratings (projections/data_view,
-- training_view, ratings_view, leadership_view).
create table configs (
    config            text collate "C" primary key,
    best              text not null,   -- The model that plays.
    promoted          json not null,   -- Models, oldest first.
    games             bigint not null,
    games_synced      bigint not null,
    files_unsynced    bigint not null,
    last_sync         bigint not null, -- Position.
    exports           bigint not null,
    games_exported    bigint not null,
    export_waiting    json,            -- The newest that no training has used.
    trainings         bigint not null,
    trainings_failed  bigint not null,
    last_training_at  timestamptz,
    evaluated         bigint not null, -- Candidates decided upon.
    regressions       bigint not null,
    rating_games      bigint not null,
    rating_games_said bigint not null,
    policy            json             -- Of the cluster config; null when it has none.
);
