#include "projections/data_view.hpp"

#include <algorithm>

#include "projections/counts.hpp"

namespace ringrift::projections {
namespace {

using bus::Overloaded;

bus::FileKind kind_made_by(bus::WorkType type) {
    switch (type) {
        case bus::WorkType::selfplay: return bus::FileKind::games;
        case bus::WorkType::export_: return bus::FileKind::samples;
        case bus::WorkType::training: return bus::FileKind::model;
        case bus::WorkType::evaluation:
        case bus::WorkType::tournament:
        case bus::WorkType::sync: break;
    }
    return bus::FileKind::other;
}

void add_copy(FileEntry& file, const bus::NodeId& node) {
    file.copies.insert(node);
    file.damaged.erase(node);
    file.deleted.erase(node);
}

/// A file has come where a sync wanted it.
void arrive(DataView& view, const bus::FileDigest& file, const bus::NodeId& node, bus::Time at) {
    for (auto& [name, sync] : view.syncs) {
        const auto made = std::erase_if(sync.moves, [&](const bus::PlannedMove& move) {
            return move.file == file && move.target == node;
        });
        if (made == 0) continue;
        sync.changed_at = at;
        if (sync.moves.empty()) sync.state = "completed";
    }
}

/// A games file that nobody has recorded before.
void record(DataView& view, const bus::GamesRecorded& e, const bus::Recorded& recorded) {
    const bool has_games = e.games > 0 && is_count_of_games(e.games);
    if (!has_games || e.file.empty() || e.config.empty()) return;
    auto [at, is_new] = view.files.try_emplace(e.file);
    FileEntry& file = at->second;
    const bool counted = file.recorded != 0 && file.kind == bus::FileKind::games;
    add_copy(file, e.node);
    if (counted) return;
    file = {.kind = bus::FileKind::games,
            .config = e.config,
            .name = e.name,
            .bytes = e.bytes,
            .games = e.games,
            .model = e.model,
            .work = e.work,
            .recorded = recorded.position,
            .event = recorded.event.id,
            .copies = std::move(file.copies),
            .damaged = std::move(file.damaged),
            .deleted = std::move(file.deleted)};
    ConfigData& config = view.configs[e.config];
    config.games += e.games;
    config.unsynced.emplace_hint(config.unsynced.end(), recorded.position, e.file);
    config.correlation = recorded.event.correlation;
}

/// What a job left beside games: a fact about the node's disk, whatever became of the claim.
void keep_files(DataView& view, const bus::WorkCompleted& e, const bus::Recorded& recorded) {
    const bus::FileKind kind = kind_made_by(e.type);
    if (kind == bus::FileKind::games) return;  // GAMES_RECORDED says these
    for (const bus::FileMade& made : e.result.files) {
        auto [at, is_new] = view.files.try_emplace(made.file);
        add_copy(at->second, e.node);
        if (!is_new) continue;
        at->second.kind = kind;
        at->second.config = e.config;
        at->second.name = made.name;
        at->second.bytes = made.bytes;
        at->second.work = e.work;
        at->second.recorded = recorded.position;
        at->second.event = recorded.event.id;
    }
}

/// A model that a job of the cluster left is known from its WORK_COMPLETED. Of one that was trained
/// outside the node that says so is believed until a manifest shows that its file is not there.
void expect_model(DataView& view, const bus::TrainingCompleted& e, const bus::Recorded& recorded) {
    if (e.model.empty() || e.model == bus::init_model) return;
    const auto [at, is_new] = view.files.try_emplace({e.model.value});
    if (!is_new) return;
    at->second = {.kind = bus::FileKind::model,
                  .config = e.config,
                  .bytes = e.bytes,
                  .work = e.work,
                  .recorded = recorded.position,
                  .event = recorded.event.id};
    if (!e.node.empty()) at->second.copies.insert(e.node);
}

void replicate(DataView& view, const bus::FileReplicated& e, const bus::Recorded& recorded) {
    FileEntry& file = view.files[e.file];
    add_copy(file, e.node);
    arrive(view, e.file, e.node, recorded.event.time);
    if (file.recorded != 0) return;
    file.kind = e.kind == bus::FileKind::games ? bus::FileKind::other : e.kind;
    file.config = e.config;
    file.name = e.name;
    file.bytes = e.bytes;
    file.recorded = recorded.position;
    file.event = recorded.event.id;
}

void lose_copy(DataView& view, const bus::FileDigest& file, const bus::NodeId& node, bool damaged) {
    const auto at = view.files.find(file);
    if (at == view.files.end()) return;
    at->second.copies.erase(node);
    if (damaged) {
        at->second.damaged.insert(node);
    } else {
        at->second.damaged.erase(node);
    }
}

/// The proof must hold here and now: what another deleted before, proves nothing.
void remove(DataView& view, const bus::FileDeleted& e) {
    const auto at = view.files.find(e.file);
    if (at == view.files.end() || e.proof.empty() || !at->second.copies.contains(e.node)) return;
    FileEntry& file = at->second;
    const bool is_proved = std::ranges::all_of(e.proof, [&](const bus::NodeId& node) {
        return node != e.node && file.copies.contains(node) && !file.damaged.contains(node);
    });
    if (!is_proved) return;
    file.copies.erase(e.node);
    file.damaged.erase(e.node);
    file.deleted.insert(e.node);
}

void note_sync(DataView& view, std::string_view about, SyncEntry entry) {
    const std::string sync(about);
    view.syncs.insert_or_assign(sync, std::move(entry));
    if (view.syncs.size() <= syncs_kept) return;
    // One that is under way is still needed, unless all are.
    const auto closed =
        std::ranges::find_if(view.syncs, [](const auto& known) { return !is_open(known.second); });
    view.syncs.erase(closed == view.syncs.end() ? view.syncs.begin() : closed);
}

/// What is known of a sync by its plan; nothing of one that nobody has planned.
SyncEntry plan_of(const DataView& view, std::string_view about) {
    const auto at = view.syncs.find(std::string(about));
    return at == view.syncs.end() ? SyncEntry() : at->second;
}

void complete(DataView& view, const bus::DataSyncCompleted& e, const bus::Recorded& recorded) {
    const auto at = view.configs.find(e.config);
    if (at == view.configs.end()) return;
    ConfigData& config = at->second;
    std::int64_t newly_synced = 0;
    for (const bus::FileDigest& digest : e.files) {
        const auto file = view.files.find(digest);
        const bool counts = file != view.files.end() && file->second.config == e.config &&
                            file->second.kind == bus::FileKind::games && !file->second.synced;
        if (!counts) continue;
        file->second.synced = true;
        file->second.copies.insert(e.node);
        config.synced.insert(config.synced.end(), config.unsynced.extract(file->second.recorded));
        newly_synced += file->second.games;
    }
    note_sync(view, e.about(),
              {.config = e.config,
               .state = "completed",
               .why = "",
               .files = static_cast<std::int64_t>(e.files.size()),
               .changed_at = recorded.event.time});
    if (newly_synced == 0) return;
    config.games_synced += newly_synced;
    config.last_sync = recorded.position;
    config.last_sync_event = recorded.event.id;
    config.correlation = recorded.event.correlation;
}

void collect(DataView& view, const bus::ManifestCollected& e, const bus::Recorded& recorded) {
    view.manifests[e.node] = {.digest = e.digest,
                              .files = e.files,
                              .bytes = e.bytes,
                              .collected_at = recorded.event.time};
    for (const bus::FileDigest& file : e.removed) lose_copy(view, file, e.node, false);
    for (const bus::FileDigest& file : e.added) {
        const auto at = view.files.find(file);
        if (at == view.files.end() || at->second.damaged.contains(e.node) ||
            at->second.deleted.contains(e.node))
            continue;
        at->second.copies.insert(e.node);
        arrive(view, file, e.node, recorded.event.time);
    }
}

}  // namespace

void apply(DataView& view, const bus::Recorded& recorded) {
    const bus::Time time = recorded.event.time;
    std::visit(Overloaded{
                   [&](const bus::GamesRecorded& e) { record(view, e, recorded); },
                   [&](const bus::WorkCompleted& e) { keep_files(view, e, recorded); },
                   [&](const bus::TrainingCompleted& e) { expect_model(view, e, recorded); },
                   [&](const bus::FileReplicated& e) { replicate(view, e, recorded); },
                   [&](const bus::FileQuarantined& e) { lose_copy(view, e.file, e.node, true); },
                   [&](const bus::FileDeleted& e) { remove(view, e); },
                   [&](const bus::ManifestCollected& e) { collect(view, e, recorded); },
                   [&](const bus::SyncPlanned& e) {
                       note_sync(view, e.about(),
                                 {.config = e.config,
                                  .state = "planned",
                                  .why = e.why,
                                  .files = static_cast<std::int64_t>(e.moves.size()),
                                  .moves = e.moves,
                                  .changed_at = time});
                   },
                   [&](const bus::DataSyncStarted& e) {
                       note_sync(view, e.sync,
                                 {.config = e.config,
                                  .state = "started",
                                  .why = plan_of(view, e.sync).why,
                                  .files = e.files,
                                  .moves = plan_of(view, e.sync).moves,
                                  .changed_at = time});
                   },
                   [&](const bus::DataSyncFailed& e) {
                       note_sync(view, e.about(),
                                 {.config = e.config,
                                  .state = "failed",
                                  .why = e.reason,
                                  .files = plan_of(view, e.about()).files,
                                  .moves = plan_of(view, e.about()).moves,
                                  .changed_at = time});
                   },
                   [&](const bus::DataSyncCompleted& e) { complete(view, e, recorded); },
                   [](const auto&) {},
               },
               recorded.event.fact);
}

bool is_open(const SyncEntry& sync) {
    return sync.state == "planned" || sync.state == "started";
}

bool is_lost(const DataView& view, const bus::FileDigest& file) {
    const auto at = view.files.find(file);
    return at != view.files.end() &&
           std::ranges::none_of(at->second.copies, [&](const bus::NodeId& node) {
               return !at->second.damaged.contains(node);
           });
}

bool has_copy(const DataView& view, const bus::FileDigest& file, const bus::NodeId& node) {
    const auto at = view.files.find(file);
    return at != view.files.end() && at->second.copies.contains(node) &&
           !at->second.damaged.contains(node);
}

}  // namespace ringrift::projections
