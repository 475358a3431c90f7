-- Synchronisations (projections/data_view). Rows stay when they leave the view.
create table syncs (
    sync       text collate "C" primary key,
    config     text not null,
    state      text not null,  -- planned, started, completed or failed.
    why        text not null,
    files      bigint not null,
    changed_at timestamptz not null,
    in_view    boolean not null
);
