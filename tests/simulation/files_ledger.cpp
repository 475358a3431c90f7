#include "tests/simulation/files_ledger.hpp"

#include <algorithm>

namespace ringrift::simulation {

FilesLedger::FilesLedger(const History& history) {
    for (const bus::Recorded& recorded : history.events) read(recorded);
}

void FilesLedger::come(const bus::FileDigest& file, const bus::NodeId& node) {
    if (file.empty() || node.empty()) return;
    known_.insert(file);
    copies_[file].insert(node);
    damaged_[file].erase(node);
    deleted_[file].erase(node);
}

void FilesLedger::go(const bus::FileDigest& file, const bus::NodeId& node) {
    copies_[file].erase(node);
    damaged_[file].erase(node);
}

/// In the order of the log, the first of two that rely on each other may go, the second may not.
void FilesLedger::remove(const bus::FileDeleted& e, bus::Position position) {
    const Nodes& holders = copies_[e.file];
    const auto is_proof = [&](const bus::NodeId& node) {
        return node != e.node && holders.contains(node) && !damaged_[e.file].contains(node);
    };
    const bool holds =
        holders.contains(e.node) && !e.proof.empty() && std::ranges::all_of(e.proof, is_proof);
    if (!holds) return;
    deletions_.push_back({position, Nodes(e.proof.begin(), e.proof.end()).size()});
    go(e.file, e.node);
    deleted_[e.file].insert(e.node);
}

void FilesLedger::read(const bus::Recorded& recorded) {
    const auto& fact = recorded.event.fact;
    if (const auto* games = std::get_if<bus::GamesRecorded>(&fact)) {
        if (games->games <= 0) return;
        come(games->file, games->node);
        if (games_.insert(games->file).second) unsynced_[games->file] = games->config;
    } else if (const auto* done = std::get_if<bus::WorkCompleted>(&fact)) {
        if (done->type == bus::WorkType::selfplay) return;
        for (const bus::FileMade& made : done->result.files) come(made.file, done->node);
    } else if (const auto* trained = std::get_if<bus::TrainingCompleted>(&fact)) {
        if (trained->model != bus::init_model) expect({trained->model.value}, trained->node);
    } else if (const auto* sync = std::get_if<bus::DataSyncCompleted>(&fact)) {
        read(*sync);
    } else if (const auto* copy = std::get_if<bus::FileReplicated>(&fact)) {
        come(copy->file, copy->node);
    } else if (const auto* bad = std::get_if<bus::FileQuarantined>(&fact)) {
        go(bad->file, bad->node);
        damaged_[bad->file].insert(bad->node);
    } else if (const auto* deleted = std::get_if<bus::FileDeleted>(&fact)) {
        remove(*deleted, recorded.position);
    } else if (const auto* manifest = std::get_if<bus::ManifestCollected>(&fact)) {
        read(*manifest);
    }
}

/// What a node lists anew counts unless it is known to be damaged or deleted there.
void FilesLedger::read(const bus::ManifestCollected& manifest) {
    for (const bus::FileDigest& file : manifest.removed) go(file, manifest.node);
    for (const bus::FileDigest& file : manifest.added) {
        const bool kept_out = !known_.contains(file) || damaged_[file].contains(manifest.node) ||
                              deleted_[file].contains(manifest.node);
        if (!kept_out) come(file, manifest.node);
    }
}

/// A model that was trained elsewhere lies where it is said to, until a manifest shows otherwise.
void FilesLedger::expect(const bus::FileDigest& model, const bus::NodeId& node) {
    if (!model.empty() && known_.insert(model).second && !node.empty()) copies_[model].insert(node);
}

/// Its node has every file that it covers for the first time.
void FilesLedger::read(const bus::DataSyncCompleted& sync) {
    for (const bus::FileDigest& file : sync.files) {
        const auto waits = unsynced_.find(file);
        if (waits == unsynced_.end() || waits->second != sync.config) continue;
        unsynced_.erase(waits);
        copies_[file].insert(sync.node);
    }
}

FilesLedger::Nodes FilesLedger::sound_copies(const bus::FileDigest& file) const {
    const auto copies = copies_.find(file);
    const auto damaged = damaged_.find(file);
    Nodes sound = copies == copies_.end() ? Nodes() : copies->second;
    if (damaged == damaged_.end()) return sound;
    std::erase_if(sound, [&](const bus::NodeId& node) { return damaged->second.contains(node); });
    return sound;
}

Violations FilesLedger::differences(const projections::DataView& view) const {
    Violations found;
    for (const auto& [file, entry] : view.files) {
        Nodes believed(entry.copies.begin(), entry.copies.end());
        std::erase_if(believed,
                      [&](const bus::NodeId& node) { return entry.damaged.contains(node); });
        if (believed == sound_copies(file)) continue;
        const auto in_words = [](const Nodes& nodes) {
            std::string text;
            for (const bus::NodeId& node : nodes) text += " " + node.value;
            return nodes.empty() ? std::string(" nobody") : text;
        };
        found.push_back({"the fold believes what the log shows of who has which file",
                         file.value + ": it names" + in_words(believed) + ", the log" +
                             in_words(sound_copies(file)),
                         {entry.recorded}});
    }
    return found;
}

Violations FilesLedger::unproved_deletions(std::size_t copies) const {
    Violations found;
    for (const Deletion& deletion : deletions_) {
        if (deletion.proof >= copies) continue;
        found.push_back({"no file is deleted without proof of enough copies",
                         std::to_string(deletion.proof) + " others had it",
                         {deletion.position}});
    }
    return found;
}

}  // namespace ringrift::simulation
