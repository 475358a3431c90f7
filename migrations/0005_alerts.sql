-- The alerts that stand (projections/nodes_view).
create table alerts (
    alert        text collate "C" primary key,
    node         text not null,
    severity     text not null,
    value_ppm    bigint not null,
    bound_ppm    bigint not null,
    predicted_at timestamptz,
    message      text not null,
    since_at     timestamptz not null,
    event        text not null,
    position     bigint not null
);
