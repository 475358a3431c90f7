-- The archive: the log, event by event, as `bus/README.md` tells it.
--
-- `payload` is the event's data. It is json, not jsonb: the text as it was said, with `\u0000` where
-- a program printed that. Of an event that the projector could not read (noun `unread`) it is the
-- whole event, as a JSON string. Texts over 1,000 bytes are cut in the other columns, never here.
create table events (
    position    bigint not null primary key,
    id          text collate "C" not null,
    type        text collate "C" not null,
    noun        text not null,
    about       text collate "C" not null,      -- Id of the work, node, model, file … that it is about.
    time        timestamptz not null,
    epoch       bigint not null,    -- Of the leader that said it; 0 for anybody's events.
    source      text not null,      -- The node that said it.
    correlation text,               -- The first event of the chain.
    causation   text,               -- The event that led to this one.
    payload     json not null
) partition by range (position);

-- An id stands once in a log; NATS promises that within its duplicate window only. The archive tells
-- what the log holds, so it may not refuse a second one: unique is the id with its position.
create unique index events_id on events (id, position);
create index events_about on events (about, position);
create index events_type on events (type, position);

-- Partitions for the positions from `first_position` to `last_position`, a million in each. They are
-- made apart and then attached, which disturbs no reader.
create function events_make_room(first_position bigint, last_position bigint) returns void
language plpgsql as $$
declare
    size constant bigint := 1000000;
    part text;
begin
    for number in first_position / size .. last_position / size loop
        part := 'events_' || lpad(number::text, 6, '0');
        continue when to_regclass(part) is not null;
        execute format('create table %I (like events including all)', part);
        execute format('alter table events attach partition %I for values from (%s) to (%s)',
                       part, number * size, (number + 1) * size);
    end loop;
end
$$;
