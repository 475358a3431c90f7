-- The machines that ever joined (projections/nodes_view).
create table nodes (
    node              text collate "C" primary key,
    incarnation       bigint not null,
    status            text not null,  -- online, suspected, offline, draining, left or retired.
    draining          boolean not null,
    reason            text not null,  -- Of the status, where one was given.
    host              text not null,
    port              bigint not null,
    gpu_name          text not null,
    capabilities      json not null,  -- Work types it may run; [] is all.
    version           text not null,  -- Of its program.
    voter             boolean not null,
    slots             bigint not null,
    cpus              bigint not null,
    gpus              bigint not null,
    memory_bytes      bigint not null,
    vram_bytes        bigint not null,
    disk_bytes        bigint not null,
    joined_at         timestamptz not null,
    changed_at        timestamptz not null,  -- Of the status.
    changed           bigint not null,       -- Position of the last event that changed the row.
    last_event        text not null,
    quarantined_until timestamptz,           -- May have passed.
    quarantine_reason text not null,
    trusted_since     timestamptz,
    nat_status        text not null,
    relay             text not null
);
