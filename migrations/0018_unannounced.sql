-- Jobs that ended well and whose meaning is yet to be said (projections/training_view).
create table unannounced (
    work        text collate "C" primary key,
    node        text not null,
    ordered     json not null,
    result      json not null,
    event       text not null,
    correlation text not null
);
