#pragma once

// Files: what was made where, what was copied, what is here, what is gone. A file is its digest;
// names are for people.

#include <array>
#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

enum class FileKind { games, samples, model, other };
BOOST_DESCRIBE_ENUM(FileKind, games, samples, model, other)

/// Games lie, verified and durable, in a node's data directory. A fact even when the claim that
/// made them is gone: late games are still games.
struct GamesRecorded {
    static constexpr EventInfo info = {"GAMES_RECORDED", Noun::data};
    FileDigest file = {};
    std::string name = {};
    NodeId node = {};
    ConfigKey config = {};
    ModelId model = {};      ///< Who played.
    std::int64_t games = 0;  ///< At least 1.
    std::int64_t bytes = 0;
    WorkId work = {};
    static constexpr std::array may_be_missing = {"name", "model", "bytes",
                                                  "work"};  ///< From outside.
    std::string_view about() const { return file.value; }
    friend bool operator==(const GamesRecorded&, const GamesRecorded&) = default;
};
BOOST_DESCRIBE_STRUCT(GamesRecorded, (), (file, name, node, config, model, games, bytes, work))

/// What changed in a node's data directory since its last manifest, and the digest of the whole.
struct ManifestCollected {
    static constexpr EventInfo info = {"MANIFEST_COLLECTED", Noun::data};
    NodeId node = {};
    std::string digest = {};  ///< SHA-256 over the sorted digests of all its files.
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    std::vector<FileDigest> added = {};    ///< Present, not known to the view to be here.
    std::vector<FileDigest> removed = {};  ///< Believed here by the view, not present.
    std::string_view about() const { return node.value; }
    friend bool operator==(const ManifestCollected&, const ManifestCollected&) = default;
};
BOOST_DESCRIBE_STRUCT(ManifestCollected, (), (node, digest, files, bytes, added, removed))

struct PlannedMove {
    FileDigest file = {};
    NodeId source = {};
    NodeId target = {};
    std::string why = {};
    friend bool operator==(const PlannedMove&, const PlannedMove&) = default;
};
BOOST_DESCRIBE_STRUCT(PlannedMove, (), (file, source, target, why))

struct SyncPlanned {
    static constexpr EventInfo info = {"SYNC_PLANNED", Noun::data, Authority::leader};
    std::string sync = {};
    ConfigKey config = {};
    std::vector<PlannedMove> moves = {};
    std::string why = {};
    std::string_view about() const { return sync; }
    friend bool operator==(const SyncPlanned&, const SyncPlanned&) = default;
};
BOOST_DESCRIBE_STRUCT(SyncPlanned, (), (sync, config, moves, why))

struct DataSyncStarted {
    static constexpr EventInfo info = {"DATA_SYNC_STARTED", Noun::data};
    std::string sync = {};
    ConfigKey config = {};
    NodeId node = {};
    std::int64_t files = 0;
    static constexpr std::array may_be_missing = {"config", "node", "files"};  ///< From outside.
    std::string_view about() const { return sync; }
    friend bool operator==(const DataSyncStarted&, const DataSyncStarted&) = default;
};
BOOST_DESCRIBE_STRUCT(DataSyncStarted, (), (sync, config, node, files))

struct FileReplicated {
    static constexpr EventInfo info = {"FILE_REPLICATED", Noun::data};
    FileDigest file = {};
    NodeId node = {};  ///< Where it is now, digest verified.
    NodeId source = {};
    FileKind kind = FileKind::other;
    ConfigKey config = {};
    std::string name = {};
    std::int64_t bytes = 0;
    std::string_view about() const { return file.value; }
    friend bool operator==(const FileReplicated&, const FileReplicated&) = default;
};
BOOST_DESCRIBE_STRUCT(FileReplicated, (), (file, node, source, kind, config, name, bytes))

/// The bytes at this node are not what the digest says; moved aside, not counted as a copy.
struct FileQuarantined {
    static constexpr EventInfo info = {"FILE_QUARANTINED", Noun::data};
    FileDigest file = {};
    NodeId node = {};
    std::string reason = {};
    std::string_view about() const { return file.value; }
    friend bool operator==(const FileQuarantined&, const FileQuarantined&) = default;
};
BOOST_DESCRIBE_STRUCT(FileQuarantined, (), (file, node, reason))

/// The named files *are* at the node that exports and trains. Makes an export due.
struct DataSyncCompleted {
    static constexpr EventInfo info = {"DATA_SYNC_COMPLETED", Noun::data};
    std::string sync = {};
    ConfigKey config = {};
    NodeId node = {};
    std::vector<FileDigest> files = {};
    std::int64_t games = 0;  ///< In those files; at least 1.
    static constexpr std::array may_be_missing = {"sync", "games"};  ///< From outside.
    std::string_view about() const { return sync.empty() ? config.value.view() : sync; }
    friend bool operator==(const DataSyncCompleted&, const DataSyncCompleted&) = default;
};
BOOST_DESCRIBE_STRUCT(DataSyncCompleted, (), (sync, config, node, files, games))

struct DataSyncFailed {
    static constexpr EventInfo info = {"DATA_SYNC_FAILED", Noun::data};
    std::string sync = {};
    ConfigKey config = {};
    NodeId node = {};
    std::string reason = {};
    static constexpr std::array may_be_missing = {"sync", "config", "node",
                                                  "reason"};  ///< From outside.
    std::string_view about() const { return sync.empty() ? config.value.view() : sync; }
    friend bool operator==(const DataSyncFailed&, const DataSyncFailed&) = default;
};
BOOST_DESCRIBE_STRUCT(DataSyncFailed, (), (sync, config, node, reason))

struct FileDeleted {
    static constexpr EventInfo info = {"FILE_DELETED", Noun::data};
    FileDigest file = {};
    NodeId node = {};
    std::string reason = {};
    std::vector<NodeId> proof = {};  ///< Nodes with a verified copy at that time.
    std::string_view about() const { return file.value; }
    friend bool operator==(const FileDeleted&, const FileDeleted&) = default;
};
BOOST_DESCRIBE_STRUCT(FileDeleted, (), (file, node, reason, proof))

}  // namespace ringrift::bus
