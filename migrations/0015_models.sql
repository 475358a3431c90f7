-- Every candidate and what became of it (projections/training_view).
create table models (
    config          text collate "C" not null,
    model           text collate "C" not null,
    status          text not null,   -- trained, evaluating, evaluated, promoted or rejected.
    generation      bigint not null,
    trained_at      timestamptz not null,
    work            text not null,
    parent          text not null,
    node            text not null,
    bytes           bigint not null,
    samples         bigint not null,
    steps           bigint not null,
    loss_micro      bigint not null,
    baseline        text not null,
    pentanomial     json not null,   -- Pairs so far: LL, LD, DD+WL, WD, WW.
    matches         json not null,
    decision_reason text not null,
    rebalanced      boolean not null,
    last_event      text not null,
    correlation     text not null,
    primary key (config, model)
);
