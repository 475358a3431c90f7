#pragma once

// The files of the cluster as the log tells it: what exists, where copies are, what was
// synchronised, what an export has not used yet.
//
// A pure fold. Counts follow from distinct files, never from events: a file copied to ten nodes is
// counted once. A FILE_DELETED holds only while every node that it names as proof has a copy: of
// two nodes that rely on each other's copy, only the first in the log may delete. Read by
// SyncPlanner, TrainingCoordinator and GET /sync.

#include <map>
#include <string>

#include "bus/event.hpp"
#include "projections/flat.hpp"
#include "projections/register.hpp"

namespace ringrift::projections {

struct FileEntry {
    bus::FileKind kind = bus::FileKind::other;
    bus::ConfigKey config = {};
    std::string name = {};
    std::int64_t bytes = 0;
    std::int64_t games = 0;
    bus::ModelId model = {};  ///< Who played; empty for other files.
    bus::WorkId work = {};    ///< That made it; empty for files found on disk.
    bus::Position recorded = 0;
    bus::EventId event = {};
    FlatSet<bus::NodeId> copies = {};   ///< Verified when they were made.
    FlatSet<bus::NodeId> damaged = {};  ///< In quarantine there.
    FlatSet<bus::NodeId> deleted = {};  ///< No copy any more; the bytes may lie there still.
    bool synced = false;                ///< Covered by a DATA_SYNC_COMPLETED.
    friend bool operator==(const FileEntry&, const FileEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(FileEntry, (),
                      (kind, config, name, bytes, games, model, work, recorded, event, copies,
                       damaged, deleted, synced))

struct ConfigData {
    std::int64_t games = 0;  ///< In distinct recorded files.
    std::int64_t games_synced = 0;
    std::map<bus::Position, bus::FileDigest> unsynced = {};  ///< Games files, by when recorded.
    std::map<bus::Position, bus::FileDigest> synced = {};    ///< Games files, by when recorded.
    bus::Position last_sync = 0;  ///< Position of the last DATA_SYNC_COMPLETED.
    bus::EventId last_sync_event = {};
    bus::EventId correlation = {};
    friend bool operator==(const ConfigData&, const ConfigData&) = default;
};
BOOST_DESCRIBE_STRUCT(ConfigData, (),
                      (games, games_synced, unsynced, synced, last_sync, last_sync_event,
                       correlation))

struct ManifestEntry {
    std::string digest = {};
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    bus::Time collected_at = {};
    friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(ManifestEntry, (), (digest, files, bytes, collected_at))

struct SyncEntry {
    bus::ConfigKey config = {};
    std::string state = {};  ///< planned, started, completed or failed.
    std::string why = {};
    std::int64_t files = 0;
    std::vector<bus::PlannedMove> moves = {};  ///< Those that have not been made.
    bus::Time changed_at = {};                 ///< Of `state` or `moves`.
    friend bool operator==(const SyncEntry&, const SyncEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(SyncEntry, (), (config, state, why, files, moves, changed_at))

inline constexpr std::size_t syncs_kept = 50;  ///< The last ones, for GET /sync.

struct DataView {
    Register<bus::FileDigest, FileEntry> files = {};
    std::map<bus::ConfigKey, ConfigData> configs = {};
    std::map<bus::NodeId, ManifestEntry> manifests = {};
    Register<std::string, SyncEntry> syncs = {};  ///< At most `syncs_kept`.
    friend bool operator==(const DataView&, const DataView&) = default;
};
BOOST_DESCRIBE_STRUCT(DataView, (), (files, configs, manifests, syncs))

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_data =
    Fact::info.noun == bus::Noun::data || std::is_same_v<Fact, bus::WorkCompleted> ||
    std::is_same_v<Fact, bus::TrainingCompleted>;

void apply(DataView& view, const bus::Recorded& recorded);

/// Planned or started: its moves are being made.
bool is_open(const SyncEntry& sync);

/// Whether `node` has a copy that is not known to be damaged.
bool has_copy(const DataView& view, const bus::FileDigest& file, const bus::NodeId& node);

/// Whether the file is known and no node has a sound copy of it (any more, or yet).
bool is_lost(const DataView& view, const bus::FileDigest& file);

}  // namespace ringrift::projections
