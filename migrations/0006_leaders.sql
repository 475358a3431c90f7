-- Every reign (projections/leadership_view). History: rows stay. The one without an end is present.
create table leaders (
    epoch      bigint primary key,
    leader     text not null,
    elected_at timestamptz not null,
    election   text not null,  -- Id of the accepted LEADER_ELECTED.
    ended_at   timestamptz,
    ended_by   text            -- LEADER_STEPPED_DOWN, or LEADER_ELECTED of the next.
);
