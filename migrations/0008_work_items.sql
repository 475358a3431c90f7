-- The queue and its history (projections/work_view). Rows stay when an item leaves the view a day or
-- a week after it ended; `in_view` tells them apart. All that was ordered is the payload of the event
-- at position `queued`.
create table work_items (
    work           text collate "C" primary key,
    type           text not null,
    config         text collate "C" not null,
    status         text collate "C" not null,
    priority       bigint not null,
    model          text not null,
    baseline       text not null,
    games          bigint not null,
    queued         bigint not null,  -- Position of its WORK_QUEUED.
    queued_at      timestamptz not null,
    node           text,             -- Who holds it; this and the next three only while claimed.
    fence          bigint,
    claimed_at     timestamptz,
    started_at     timestamptz,
    attempts       bigint not null,
    claims         bigint not null,
    setbacks_total bigint not null,
    not_before_at  timestamptz,
    ended_at       timestamptz,
    reason         text not null,
    evidence       text not null,
    changed        bigint not null,
    last_event     text not null,
    correlation    text not null,
    setbacks       json,             -- The last of them; null for none.
    blockers       json,             -- Work that must be completed first; null for none.
    result         json,             -- Set iff completed.
    in_view        boolean not null
) with (fillfactor = 80);

create index work_items_open on work_items (status, config) where ended_at is null;
