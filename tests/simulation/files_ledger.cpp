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
    if (const auto* e = std::get_if<bus::GamesRecorded>(&fact)) {
        if (e->games > 0) come(e->file, e->node);
    } else if (const auto* e = std::get_if<bus::WorkCompleted>(&fact)) {
        if (e->type == bus::WorkType::selfplay) return;
        for (const bus::FileMade& made : e->result.files) come(made.file, e->node);
    } else if (const auto* e = std::get_if<bus::FileReplicated>(&fact)) {
        come(e->file, e->node);
    } else if (const auto* e = std::get_if<bus::FileQuarantined>(&fact)) {
        go(e->file, e->node);
        damaged_[e->file].insert(e->node);
    } else if (const auto* e = std::get_if<bus::FileDeleted>(&fact)) {
        remove(*e, recorded.position);
    } else if (const auto* e = std::get_if<bus::ManifestCollected>(&fact)) {
        for (const bus::FileDigest& file : e->removed) go(file, e->node);
        for (const bus::FileDigest& file : e->added) {
            const bool kept_out = !known_.contains(file) || damaged_[file].contains(e->node) ||
                                  deleted_[file].contains(e->node);
            if (!kept_out) come(file, e->node);
        }
    }
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
