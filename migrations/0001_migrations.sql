-- Which of these files were applied, when, and what they said then.
create table migrations (
    number     integer primary key,
    name       text not null,
    checksum   text not null,  -- SHA-256 of the file.
    program    text not null,  -- Version of the ringrift that applied it.
    applied_at timestamptz not null default now()
);
