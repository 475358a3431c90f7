#include "consumers/file_mover.hpp"

#include <algorithm>

namespace ringrift::consumers {
namespace {

using projections::FileEntry;
using projections::SyncEntry;

/// Calls `visit(sync's name, sync, move)` for each move that this node has to make.
template <class Visit>
void for_each_own_move(const producers::Sight& sight, const Visit& visit) {
    for (const auto& [name, sync] : sight.cluster.data.syncs) {
        if (!is_open(sync)) continue;
        for (const bus::PlannedMove& move : sync.moves) {
            const bool is_due = move.target == sight.host.self &&
                                !has_copy(sight.cluster.data, move.file, sight.host.self);
            if (is_due) visit(name, sync, move);
        }
    }
}

/// The planned source, then others that have a copy and are alive.
std::vector<bus::NodeId> sources_of(const producers::Sight& sight, const bus::PlannedMove& move) {
    std::vector<bus::NodeId> sources = {move.source};
    const auto file = sight.cluster.data.files.find(move.file);
    if (file == sight.cluster.data.files.end()) return sources;
    for (const bus::NodeId& node : file->second.copies) {
        if (sources.size() == sources_per_transfer_max) break;
        const auto* entry = find(sight.cluster.nodes, node);
        const bool may_help = node != move.source && node != sight.host.self &&
                              !file->second.damaged.contains(node) && entry != nullptr &&
                              is_alive(*entry);
        if (may_help) sources.push_back(node);
    }
    return sources;
}

}  // namespace

std::vector<TransferOrder> plan_transfers(const producers::Sight& sight) {
    std::vector<TransferOrder> orders;
    std::set<bus::FileDigest> planned;
    for_each_own_move(
        sight, [&](const std::string&, const SyncEntry&, const bus::PlannedMove& move) {
            if (!planned.insert(move.file).second) return;
            TransferOrder order = {.file = move.file, .sources = sources_of(sight, move)};
            const auto file = sight.cluster.data.files.find(move.file);
            const bool is_known = file != sight.cluster.data.files.end() && file->second.bytes > 0;
            if (is_known) order.bytes = file->second.bytes;
            orders.push_back(std::move(order));
        });
    return orders;
}

std::vector<bus::FileDigest> plan_removals(const producers::Sight& sight) {
    std::vector<bus::FileDigest> files;
    for (const projections::FileHere& here : sight.host.files) {
        const auto file = sight.cluster.data.files.find(here.file);
        if (file == sight.cluster.data.files.end()) continue;
        if (file->second.deleted.contains(sight.host.self)) files.push_back(here.file);
    }
    return files;
}

std::size_t FileMover::sense() {
    const auto reports = transfers_.drain();
    for (const TransferReport& report : reports) {
        std::visit(bus::Overloaded{
                       [&](const TransferDone& e) {
                           under_way_.erase(e.file);
                           done_[e.file] = e;
                       },
                       [&](const TransferFailed& e) {
                           under_way_.erase(e.file);
                           failed_[e.file] = e.sentence;
                       },
                       [&](const CopyDamaged& e) { damaged_[e.file] = e.reason; },
                   },
                   report);
    }
    return reports.size();
}

std::size_t FileMover::carry_out(const producers::Sight& sight) {
    std::size_t begun = 0;
    // What was removed stands in the view of the directory until it is read again.
    if (removed_as_of_ != sight.host.files_as_of) removed_.clear();
    removed_as_of_ = sight.host.files_as_of;
    for (const bus::FileDigest& file : plan_removals(sight)) {
        if (under_way_.contains(file) || !removed_.insert(file).second) continue;
        transfers_.remove(file);
        ++begun;
    }
    for (const TransferOrder& order : plan_transfers(sight)) {
        if (under_way_.size() >= transfers_max) break;
        // A file that is being removed would be found here, and then be gone.
        const bool rests = under_way_.contains(order.file) || done_.contains(order.file) ||
                           failed_.contains(order.file) || removed_.contains(order.file);
        if (rests) continue;
        if (!transfers_.fetch(order)) break;
        under_way_.insert(order.file);
        ++begun;
    }
    return begun;
}

Commands FileMover::reports(const producers::Sight& sight) const {
    Commands commands;
    const bus::NodeId& self = sight.host.self;
    struct Failing {
        bool has_hope = false;
        std::string sentence = {};
    };
    std::map<std::string, Failing> syncs;
    std::set<std::string> begun;
    for_each_own_move(
        sight, [&](const std::string& name, const SyncEntry& sync, const bus::PlannedMove& move) {
            const auto failed = failed_.find(move.file);
            if (failed == failed_.end())
                syncs[name].has_hope = true;
            else
                syncs[name].sentence = failed->second;
            const bool is_touched = under_way_.contains(move.file) || done_.contains(move.file) ||
                                    failed != failed_.end();
            if (is_touched && sync.state == "planned") begun.insert(name);
        });
    for (const std::string& name : begun)
        commands.push_back(producers::NoteSyncStarted{.sync = name, .node = self});
    for (const auto& [file, done] : done_) {
        commands.push_back(
            producers::NoteReplicated{.file = file, .node = self, .source = done.source});
    }
    // One file that does not come must not keep the others of its sync from coming.
    for (const auto& [name, failing] : syncs) {
        if (failing.has_hope) continue;
        commands.push_back(
            producers::NoteSyncFailed{.sync = name, .node = self, .reason = failing.sentence});
    }
    for (const auto& [file, reason] : damaged_) {
        commands.push_back(producers::QuarantineFile{.file = file, .node = self, .reason = reason});
    }
    return commands;
}

std::size_t FileMover::settle(const producers::Sight& sight) {
    const auto& data = sight.cluster.data;
    const auto is_here = [&](const bus::FileDigest& file) {
        // Of a file that nobody has recorded there is nothing to say.
        return !data.files.contains(file) || has_copy(data, file, sight.host.self);
    };
    std::set<bus::FileDigest> wanted;
    for (const TransferOrder& order : plan_transfers(sight)) wanted.insert(order.file);
    std::size_t settled =
        std::erase_if(done_, [&](const auto& entry) { return is_here(entry.first); });
    settled +=
        std::erase_if(failed_, [&](const auto& entry) { return !wanted.contains(entry.first); });
    settled += std::erase_if(
        damaged_, [&](const auto& entry) { return !has_copy(data, entry.first, sight.host.self); });
    return settled;
}

}  // namespace ringrift::consumers
