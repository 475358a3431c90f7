-- Trainings as last said (projections/training_view).
create table trainings (
    work  text collate "C" primary key,
    state text not null  -- queued, started, completed or failed.
);
