-- Every claim of work that held (projections/work_view). History: rows stay. Those without an end
-- are the leases of now.
create table jobs (
    fence      bigint primary key,  -- Position of the WORK_CLAIMED.
    work       text collate "C" not null,
    type       text not null,
    config     text not null,
    node       text collate "C" not null,
    claimed_at timestamptz not null,
    started_at timestamptz,
    ended_at   timestamptz,
    outcome    text,                -- WORK_COMPLETED, WORK_FAILED …: the event that ended it.
    reason     text
) with (fillfactor = 90);

create index jobs_work on jobs (work);
create index jobs_open on jobs (node) where ended_at is null;
