#include "producers/data.hpp"

#include <algorithm>

#include "producers/digest.hpp"
#include "producers/drafting.hpp"
#include "producers/file_needs.hpp"

namespace ringrift::producers {
namespace {

using projections::FileEntry;

/// What is to be copied first: the plan's own id is of a reign, which the view does not keep.
bus::EventId cause_of(const Sight& sight, const projections::SyncEntry& sync) {
    if (sync.moves.empty()) return {};
    const auto file = sight.cluster.data.files.find(sync.moves.front().file);
    return file == sight.cluster.data.files.end() ? bus::EventId() : file->second.event;
}

/// What happens to a copy again, later, is news again; the same said again is not.
bus::EventId id_at(const bus::FileDigest& file, std::string_view what, const bus::NodeId& node,
                   bus::Time at) {
    return id_of(file.value, std::string(what) + ":" + std::string(node.value),
                 at.time_since_epoch().count());
}

bus::Time when(bus::Time at, const Sight& sight) {
    return at == bus::Time() ? sight.now : at;
}

}  // namespace

Decision decide(const Sight& sight, const CollectManifest& command) {
    if (!sight.host.files_scanned) {
        return refuse(Refusal::Kind::nothing_waits, "the data directory has not been scanned yet");
    }
    bus::ManifestCollected manifest = {.node = command.node};
    std::set<bus::FileDigest> here;
    std::string text;
    for (const projections::FileHere& file : sight.host.files) {
        here.insert(file.file);
        text += file.file.value;
        manifest.bytes += file.bytes;
    }
    manifest.files = static_cast<std::int64_t>(here.size());
    manifest.digest = digest_of(text);
    const auto& data = sight.cluster.data;
    for (const auto& [digest, file] : data.files) {
        const bool believed = file.copies.contains(command.node);
        const bool could_see = file.recorded <= sight.host.files_as_of;
        if (believed && could_see && !here.contains(digest)) manifest.removed.push_back(digest);
        const bool missed = !believed && !file.damaged.contains(command.node) &&
                            !file.deleted.contains(command.node);
        if (missed && here.contains(digest)) manifest.added.push_back(digest);
    }
    const auto before = data.manifests.find(command.node);
    const bool as_before =
        before != data.manifests.end() && before->second.digest == manifest.digest;
    if (as_before && manifest.added.empty() && manifest.removed.empty()) {
        return refuse(Refusal::Kind::duplicate, "the manifest is as last collected");
    }
    const bus::EventId id = {command.node.value + ":manifest:" + manifest.digest.substr(0, 16) +
                             ":" + std::to_string(sight.now.time_since_epoch().count())};
    return std::vector<Draft>{
        {.id = id, .causation = {}, .correlation = {}, .fact = std::move(manifest)}};
}

Decision decide(const Sight& sight, const PlanSync& command) {
    if (command.plan.moves.empty()) return refuse(Refusal::Kind::duplicate, "nothing has to move");
    const auto& syncs = sight.cluster.data.syncs;
    if (syncs.contains(command.plan.sync))
        return refuse(Refusal::Kind::duplicate, "planned already");
    return std::vector<Draft>{{.id = {command.plan.sync + ":planned"},
                               .causation = {},
                               .correlation = {},
                               .fact = command.plan}};
}

Decision decide(const Sight& sight, const CompleteSync& command) {
    const auto& data = sight.cluster.data;
    const auto config = data.configs.find(command.config);
    if (config == data.configs.end()) {
        return refuse(Refusal::Kind::unknown,
                      "no games of " + command.config.value + " are recorded");
    }
    bus::DataSyncCompleted sync = {.config = command.config, .node = command.node};
    const FileEntry* last = nullptr;
    for (const auto& [position, digest] : config->second.unsynced) {
        if (sync.files.size() == files_per_sync_max) break;
        if (!projections::has_copy(data, digest, command.node)) continue;
        last = &data.files.at(digest);
        sync.files.push_back(digest);
        sync.games += last->games;
    }
    if (last == nullptr)
        return refuse(Refusal::Kind::duplicate, "every recorded game is synchronised");
    sync.sync = "sync-" + command.config.value + "-" + std::to_string(last->recorded);
    return std::vector<Draft>{{.id = {sync.sync + ":completed"},
                               .causation = last->event,
                               .correlation = config->second.correlation,
                               .fact = std::move(sync)}};
}

Decision decide(const Sight& sight, const QuarantineFile& command) {
    if (!projections::has_copy(sight.cluster.data, command.file, command.node)) {
        return refuse(Refusal::Kind::duplicate, "the view counts no copy of it here");
    }
    return std::vector<Draft>{
        {.id = id_at(command.file, "quarantined", command.node, when(command.at, sight)),
         .causation = sight.cluster.data.files.at(command.file).event,
         .correlation = {},
         .fact = bus::FileQuarantined{
             .file = command.file, .node = command.node, .reason = command.reason}}};
}

Decision decide(const Sight& sight, const NoteSyncStarted& command) {
    const auto& syncs = sight.cluster.data.syncs;
    const auto sync = syncs.find(command.sync);
    if (sync == syncs.end()) return refuse(Refusal::Kind::unknown, "no sync is named so");
    if (sync->second.state != "planned") {
        return refuse(Refusal::Kind::duplicate, "the sync is " + sync->second.state + " already");
    }
    return std::vector<Draft>{{.id = {command.sync + ":started"},
                               .causation = cause_of(sight, sync->second),
                               .correlation = {},
                               .fact = bus::DataSyncStarted{
                                   .sync = command.sync,
                                   .config = sync->second.config,
                                   .node = command.node,
                                   .files = static_cast<std::int64_t>(sync->second.moves.size())}}};
}

Decision decide(const Sight& sight, const NoteReplicated& command) {
    const auto& files = sight.cluster.data.files;
    const auto file = files.find(command.file);
    if (file == files.end()) return refuse(Refusal::Kind::unknown, "nobody has recorded that file");
    if (projections::has_copy(sight.cluster.data, command.file, command.node)) {
        return refuse(Refusal::Kind::duplicate, "its copy is known already");
    }
    return std::vector<Draft>{
        {.id = id_at(command.file, "replicated", command.node, when(command.at, sight)),
         .causation = file->second.event,
         .correlation = {},
         .fact = bus::FileReplicated{.file = command.file,
                                     .node = command.node,
                                     .source = command.source,
                                     .kind = file->second.kind,
                                     .config = file->second.config,
                                     .name = file->second.name,
                                     .bytes = file->second.bytes}}};
}

Decision decide(const Sight& sight, const NoteSyncFailed& command) {
    const auto& syncs = sight.cluster.data.syncs;
    const auto sync = syncs.find(command.sync);
    if (sync == syncs.end()) return refuse(Refusal::Kind::unknown, "no sync is named so");
    if (!is_open(sync->second)) {
        return refuse(Refusal::Kind::duplicate, "the sync is " + sync->second.state + " already");
    }
    return std::vector<Draft>{{.id = {command.sync + ":failed"},
                               .causation = cause_of(sight, sync->second),
                               .correlation = {},
                               .fact = bus::DataSyncFailed{.sync = command.sync,
                                                           .config = sync->second.config,
                                                           .node = command.node,
                                                           .reason = command.reason}}};
}

Decision decide(const Sight& sight, const DeleteFile& command) {
    const auto& data = sight.cluster.data;
    if (!projections::has_copy(data, command.file, command.node)) {
        return refuse(Refusal::Kind::duplicate, "the view counts no copy of it here");
    }
    const FileNeeds needs = file_needs(sight);
    if (is_needed(needs, command.file, command.node)) {
        return refuse(Refusal::Kind::invalid,
                      "the file is needed here, by live work, or as the best model; it stays");
    }
    bus::FileDeleted deleted = {
        .file = command.file, .node = command.node, .reason = command.reason};
    const FileEntry& file = data.files.at(command.file);
    for (const bus::NodeId& node : file.copies) {
        const bool proves =
            node != command.node && !file.damaged.contains(node) && is_well(sight, node);
        if (proves) deleted.proof.push_back(node);
    }
    const std::size_t enough = std::max<std::size_t>(command.copies_min, 1);
    if (deleted.proof.size() < enough) {
        return refuse(Refusal::Kind::invalid,
                      "only " + std::to_string(deleted.proof.size()) +
                          " other nodes that are well have a copy; it stays until " +
                          std::to_string(enough) + " have");
    }
    return std::vector<Draft>{{.id = id_at(command.file, "deleted", command.node, sight.now),
                               .causation = file.event,
                               .correlation = {},
                               .fact = std::move(deleted)}};
}

}  // namespace ringrift::producers
