#include "consumers/copy_plan.hpp"

#include <algorithm>
#include <tuple>

namespace ringrift::consumers {
namespace {

using projections::FileEntry;

/// Games and models are what cannot be made again.
bool is_kept(const FileEntry& file) {
    return file.kind == bus::FileKind::games || file.kind == bus::FileKind::model;
}

std::set<bus::NodeId> that_move_files(const projections::NodesView& view,
                                      const std::vector<bus::NodeId>& nodes) {
    std::set<bus::NodeId> able;
    std::ranges::copy_if(nodes, std::inserter(able, able.end()),
                         [&](const bus::NodeId& node) { return moves_files(*find(view, node)); });
    return able;
}

/// FNV-1a: the same on every machine and in every build, unlike std::hash.
std::uint32_t number_for(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return hash;
}

}  // namespace

CopyPlan::CopyPlan(const producers::Sight& sight, const producers::FileNeeds& needs, Bounds bounds)
    : sight_(sight),
      bounds_(bounds),
      needs_(needs),
      well_(that_move_files(sight.cluster.nodes, needs_.well)),
      training_(that_move_files(sight.cluster.nodes, needs_.training)) {}

std::vector<bus::PlannedMove> CopyPlan::make() {
    note_syncs();
    note_room();
    note_lacks();
    std::ranges::stable_sort(lacks_, {}, [](const Lack& lack) {
        return std::tuple(lack.urgency, lack.recorded, std::string_view(lack.file.value));
    });
    std::vector<bus::PlannedMove> moves;
    for (const Lack& lack : lacks_) {
        if (moves.size() == bounds_.moves_max) break;
        const FileEntry& entry = sight_.cluster.data.files.at(lack.file);
        const auto target = target_for(lack, entry);
        if (!target) continue;
        const auto source = source_for(lack.file, entry, *target);
        if (!source) continue;
        const auto add = [&](const bus::NodeId& to, std::string why) {
            room_[to] -= entry.bytes;
            load_[*source] += 1;
            coming_[lack.file].insert(to);
            moves.push_back(
                {.file = lack.file, .source = *source, .target = to, .why = std::move(why)});
        };
        const auto via = way_round(lack, entry, *target);
        add(*target, std::string(lack.why));
        if (via)
            add(*via,
                "a way round: " + target->value + " could not fetch it from " + source->value);
    }
    return moves;
}

/// That node's copy is the next source for the target, which may reach it.
std::optional<bus::NodeId> CopyPlan::way_round(const Lack& lack, const FileEntry& entry,
                                               const bus::NodeId& target) const {
    const auto attempt = attempts_.find({lack.file, target});
    if (attempt == attempts_.end()) return {};
    const auto failed_for = [](const Attempt& made) {
        return [&](const bus::NodeId& node) { return made.sources.contains(node); };
    };
    if (!std::ranges::all_of(holders(entry), failed_for(attempt->second))) return {};
    std::optional<bus::NodeId> best;
    for (const bus::NodeId& node : well_) {
        const auto before = attempts_.find({lack.file, node});
        const bool may_reach = before == attempts_.end() ||
                               !std::ranges::all_of(holders(entry), failed_for(before->second));
        const bool fits = node != target && lacks(lack.file, entry, node) && may_reach &&
                          room_.at(node) >= entry.bytes;
        if (fits && (!best || room_.at(node) > room_.at(*best))) best = node;
    }
    return best;
}

/// What is under way, and what failed lately.
void CopyPlan::note_syncs() {
    for (const auto& [name, sync] : sight_.cluster.data.syncs) {
        const bus::Duration age = sight_.now - sync.changed_at;
        const bool is_under_way = is_open(sync) && age < bounds_.sync_patience;
        for (const bus::PlannedMove& move : sync.moves) {
            if (is_under_way) {
                if (well_.contains(move.target)) coming_[move.file].insert(move.target);
                continue;
            }
            Attempt& attempt = attempts_[{move.file, move.target}];
            attempt.sources.insert(move.source);
            if (sync.state != "failed") continue;
            ++attempt.failures;
            attempt.failed_at = std::max(attempt.failed_at, sync.changed_at);
        }
    }
}

/// What failed together is not tried again together: up to a quarter is added, by its name.
bool CopyPlan::rests(const bus::FileDigest& file, const bus::NodeId& target) const {
    const auto found = attempts_.find({file, target});
    if (found == attempts_.end() || found->second.failures == 0) return false;
    bus::Duration wait = bounds_.retry_after;
    for (int n = 1; n < found->second.failures && wait < bounds_.retry_after_max; ++n) wait *= 2;
    wait = std::min(wait, bounds_.retry_after_max);
    wait += wait * (number_for(file.value + target.value) % 256) / 1024;
    return sight_.now - found->second.failed_at < wait;
}

/// Free bytes as the node last said; of one that never did, its capacity less its files.
void CopyPlan::note_room() {
    for (const bus::NodeId& node : needs_.well) {
        const auto heard = sight_.host.heartbeats.find(node);
        const bool is_sensed =
            heard != sight_.host.heartbeats.end() && heard->second.sample.disk_total_bytes > 0;
        room_[node] = is_sensed ? heard->second.sample.disk_free_bytes
                                : sight_.cluster.nodes.nodes.at(node).joined.capacity.disk_bytes;
        room_[node] -= bounds_.disk_reserve_bytes;
        if (is_sensed) continue;
        for (const auto& [file, entry] : sight_.cluster.data.files) {
            if (entry.copies.contains(node)) room_[node] -= entry.bytes;
        }
    }
    for (const auto& [file, targets] : coming_) {
        const auto entry = sight_.cluster.data.files.find(file);
        if (entry == sight_.cluster.data.files.end()) continue;
        for (const bus::NodeId& target : targets) room_[target] -= entry->second.bytes;
    }
}

void CopyPlan::note_lacks() {
    for (const auto& [node, files] : needs_.claimed)
        note_needed(Urgency::claimed, files, {node}, "work that the node has claimed needs it");
    note_needed(Urgency::model, needs_.in_use, well_, "a node plays with the models in use");
    note_needed(Urgency::training, needs_.for_training, training_,
                "a training node has every game");
    const std::size_t wanted = std::min(bounds_.copies, well_.size());
    for (const auto& [file, entry] : sight_.cluster.data.files) {
        if (is_kept(entry) && !lies_at(entry, wanted)) note_too_few(file, entry, wanted);
    }
}

void CopyPlan::note_lack(Urgency urgency, const bus::FileDigest& file, const FileEntry& entry,
                         const bus::NodeId& target, std::string_view why) {
    lacks_.push_back({urgency, entry.recorded, file, target, why});
}

void CopyPlan::note_needed(Urgency urgency, const std::set<bus::FileDigest>& files,
                           const std::set<bus::NodeId>& nodes, std::string_view why) {
    if (nodes.empty()) return;
    for (const bus::FileDigest& file : files) {
        const auto known = sight_.cluster.data.files.find(file);
        if (known == sight_.cluster.data.files.end() || known->second.copies.empty()) continue;
        for (const bus::NodeId& node : nodes) {
            if (lacks(file, known->second, node))
                note_lack(urgency, file, known->second, node, why);
        }
    }
}

void CopyPlan::note_too_few(const bus::FileDigest& file, const FileEntry& entry,
                            std::size_t wanted) {
    if (entry.copies.empty()) return;
    for (std::size_t have = lasting(file, entry); have < wanted; ++have) {
        if (have == 0)
            note_lack(Urgency::orphan, file, entry, {}, "every node that has it is about to go");
        else if (have == 1)
            note_lack(Urgency::single, file, entry, {}, "there is only one copy of it");
        else
            note_lack(Urgency::spare, file, entry, {}, "there are too few copies of it");
    }
}

std::set<bus::NodeId> CopyPlan::holders(const FileEntry& entry) const {
    std::set<bus::NodeId> nodes;
    for (const bus::NodeId& node : entry.copies) {
        const auto* known = find(sight_.cluster.nodes, node);
        const bool gives = known != nullptr && is_alive(*known) && moves_files(*known);
        if (gives && !entry.damaged.contains(node)) nodes.insert(node);
    }
    return nodes;
}

/// Whether so many nodes that are well have it. Asked for every file there is: both lists are
/// sorted, and nearly always their first few names tell.
bool CopyPlan::lies_at(const FileEntry& entry, std::size_t wanted) const {
    std::size_t count = 0;
    auto well = well_.begin();
    for (const bus::NodeId& node : entry.copies) {
        if (count == wanted) break;
        while (well != well_.end() && *well < node) ++well;
        if (well == well_.end()) break;
        if (*well == node && !entry.damaged.contains(node)) ++count;
    }
    return count >= wanted;
}

std::size_t CopyPlan::lasting(const bus::FileDigest& file, const FileEntry& entry) const {
    const auto lasts = [&](const bus::NodeId& node) {
        return well_.contains(node) && !entry.damaged.contains(node);
    };
    auto count = std::ranges::count_if(entry.copies, lasts);
    const auto coming = coming_.find(file);
    if (coming == coming_.end()) return static_cast<std::size_t>(count);
    count += std::ranges::count_if(coming->second, [&](const bus::NodeId& node) {
        return !entry.copies.contains(node) || !lasts(node);
    });
    return static_cast<std::size_t>(count);
}

bool CopyPlan::lacks(const bus::FileDigest& file, const FileEntry& entry,
                     const bus::NodeId& node) const {
    if (!well_.contains(node)) return false;
    if (entry.copies.contains(node) && !entry.damaged.contains(node)) return false;
    const auto coming = coming_.find(file);
    if (coming != coming_.end() && coming->second.contains(node)) return false;
    return !rests(file, node);
}

/// Who needs it anyway, then who has most room.
std::optional<bus::NodeId> CopyPlan::target_for(const Lack& lack, const FileEntry& entry) const {
    const auto fits = [&](const bus::NodeId& node) {
        return lacks(lack.file, entry, node) && room_.at(node) >= entry.bytes;
    };
    if (!lack.target.empty()) return fits(lack.target) ? std::optional(lack.target) : std::nullopt;
    // A copy that was planned before this one, for whoever needs it, may be enough.
    if (lasting(lack.file, entry) >= std::min(bounds_.copies, well_.size())) return {};
    std::optional<bus::NodeId> best;
    const auto merit = [&](const bus::NodeId& node) {
        const bool trains = needs_.for_training.contains(lack.file) && training_.contains(node);
        const auto claimed = needs_.claimed.find(node);
        const bool runs = claimed != needs_.claimed.end() && claimed->second.contains(lack.file);
        return std::pair(trains || runs || needs_.in_use.contains(lack.file), room_.at(node));
    };
    for (const bus::NodeId& node : well_) {
        if (fits(node) && (!best || merit(node) > merit(*best))) best = node;
    }
    return best;
}

/// Who has not failed lately, who is to stay (the others have enough to do), who gives least so
/// far.
std::optional<bus::NodeId> CopyPlan::source_for(const bus::FileDigest& file, const FileEntry& entry,
                                                const bus::NodeId& target) const {
    const auto attempt = attempts_.find({file, target});
    const auto cost = [&](const bus::NodeId& node) {
        const bool failed = attempt != attempts_.end() && attempt->second.sources.contains(node);
        const auto load = load_.find(node);
        return std::tuple(failed, !well_.contains(node), load == load_.end() ? 0 : load->second);
    };
    std::optional<bus::NodeId> best;
    for (const bus::NodeId& node : holders(entry)) {
        if (!best || cost(node) < cost(*best)) best = node;
    }
    return best;
}

}  // namespace ringrift::consumers
