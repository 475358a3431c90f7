-- Rating matches that counted (projections/ratings_view).
create table matches (
    match     text collate "C" primary key,
    config    text not null,
    work      text not null,
    games     bigint not null,
    scores    json not null,
    position  bigint not null,
    played_at timestamptz not null
);
