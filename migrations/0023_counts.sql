-- What the fold counted (projections/cluster_view, work_view, leadership_view).
create table counts (
    kind  text collate "C" not null,  -- events, work, admin_actions, pass or fold.
    name  text collate "C" not null,
    count bigint not null,
    primary key (kind, name)
);
