#include "consumers/file_mover.hpp"

#include <algorithm>

namespace ringrift::consumers {
namespace {

using projections::FileEntry;
using projections::SyncEntry;

/// Calls `visit(sync's name, sync, move)` for each move that this node has to make, until it says
/// false. Made in every round, so that what it asks for each move should cost little.
template <class Visit>
void for_each_own_move(const producers::Sight& sight, const Visit& visit) {
    for (const auto& [name, sync] : sight.cluster.data.syncs) {
        if (sync.moves.empty() || !is_open(sync)) continue;
        for (const bus::PlannedMove& move : sync.moves) {
            const bool is_due = move.target == sight.host.self &&
                                !has_copy(sight.cluster.data, move.file, sight.host.self);
            if (is_due && !visit(name, sync, move)) return;
        }
    }
}

/// Other nodes that are alive and have a copy, `first` first, without those that were `tried`.
std::vector<bus::NodeId> sources_of(const producers::Sight& sight, const bus::FileDigest& digest,
                                    const bus::NodeId& first,
                                    const std::set<bus::NodeId>& tried = {}) {
    std::vector<bus::NodeId> sources;
    if (!first.empty() && !tried.contains(first)) sources.push_back(first);
    const auto file = sight.cluster.data.files.find(digest);
    if (file == sight.cluster.data.files.end()) return sources;
    for (const bus::NodeId& node : file->second.copies) {
        if (sources.size() == sources_per_transfer_max) break;
        const auto* entry = find(sight.cluster.nodes, node);
        const bool may_help = node != first && node != sight.host.self &&
                              !file->second.damaged.contains(node) && entry != nullptr &&
                              is_alive(*entry) && !tried.contains(node);
        if (may_help) sources.push_back(node);
    }
    return sources;
}

/// The log says that this node has deleted it.
bool is_given_up(const producers::Sight& sight, const bus::FileDigest& digest) {
    const auto file = sight.cluster.data.files.find(digest);
    return file != sight.cluster.data.files.end() && file->second.deleted.contains(sight.host.self);
}

TransferOrder order_for(const producers::Sight& sight, const bus::FileDigest& digest,
                        std::vector<bus::NodeId> sources) {
    TransferOrder order = {.file = digest, .sources = std::move(sources)};
    const auto file = sight.cluster.data.files.find(digest);
    const bool is_known = file != sight.cluster.data.files.end() && file->second.bytes > 0;
    if (is_known) order.bytes = file->second.bytes;
    return order;
}

}  // namespace

std::vector<TransferOrder> plan_transfers(const producers::Sight& sight) {
    std::vector<TransferOrder> orders;
    std::set<bus::FileDigest> planned;
    for_each_own_move(
        sight, [&](const std::string&, const SyncEntry&, const bus::PlannedMove& move) {
            if (planned.insert(move.file).second)
                orders.push_back(
                    order_for(sight, move.file, sources_of(sight, move.file, move.source)));
            return true;
        });
    return orders;
}

std::vector<bus::FileDigest> plan_removals(const producers::Sight& sight) {
    std::vector<bus::FileDigest> files;
    for (const projections::FileHere& here : sight.host.files) {
        if (is_given_up(sight, here.file)) files.push_back(here.file);
    }
    return files;
}

std::size_t FileMover::sense(bus::Time now) {
    const auto reports = transfers_.drain();
    for (const TransferReport& report : reports) {
        std::visit(bus::Overloaded{
                       [&](const TransferDone& e) {
                           under_way_.erase(e.file);
                           failed_.erase(e.file);
                           note(e.file, {.at = now, .source = e.source});
                       },
                       [&](const TransferFailed& e) {
                           Failure& failure = failed_[e.file];
                           failure.sentence = e.sentence;
                           failure.is_ours = e.kind == "disk_full" || e.kind == "not_writable";
                           const auto from = under_way_.find(e.file);
                           if (from == under_way_.end()) return;
                           failure.sync = from->second.sync;
                           failure.tried.insert(from->second.sources.begin(),
                                                from->second.sources.end());
                           under_way_.erase(from);
                       },
                       [&](const CopyDamaged& e) {
                           note(e.file, {.at = now, .is_damage = true, .reason = e.reason});
                       },
                   },
                   report);
    }
    return reports.size();
}

/// The same twice in a row is one thing to say.
void FileMover::note(const bus::FileDigest& file, News news) {
    std::deque<News>& known = news_[file];
    const bool is_said_already =
        !known.empty() && known.back().said_at == 0 && known.back().is_damage == news.is_damage;
    if (!is_said_already) known.push_back(std::move(news));
}

/// And nobody is left to be tried.
bool FileMover::has_failed(const producers::Sight& sight, const bus::FileDigest& file) const {
    const auto failed = failed_.find(file);
    if (failed == failed_.end() || under_way_.contains(file)) return false;
    return failed->second.is_ours || sources_of(sight, file, {}, failed->second.tried).empty();
}

std::optional<std::string> FileMover::hopeless(const producers::Sight& sight,
                                               const bus::FileDigest& file) const {
    if (under_way_.contains(file) || news_.contains(file)) return {};
    if (has_failed(sight, file)) return failed_.at(file).sentence;
    if (!sources_of(sight, file, {}).empty()) return {};
    return "no other node that is alive has a copy of " + file.value;
}

void FileMover::leave_leftovers(bus::Time now) {
    if (!first_look_at_) leftovers_ = {to_remove_.begin(), to_remove_.end()};
    if (!first_look_at_ || now < *first_look_at_) first_look_at_ = now;
    if (now - *first_look_at_ > leftovers_rest) return leftovers_.clear();
    // One that has come back since, and is given up again, was seen to go.
    std::erase_if(leftovers_, [&](const bus::FileDigest& file) {
        return !std::ranges::binary_search(to_remove_, file);
    });
    std::erase_if(to_remove_,
                  [&](const bus::FileDigest& file) { return leftovers_.contains(file); });
}

void FileMover::look_for_removals(const producers::Sight& sight) {
    if (!sight.host.files_scanned) return;
    const auto& counts = sight.cluster.counts.events_by_type;
    const auto deletions = counts.find("FILE_DELETED");
    const Look look = {.files_as_of = sight.host.files_as_of,
                       .files = sight.host.files.size(),
                       .deletions = deletions == counts.end() ? 0 : deletions->second};
    const bool is_recent =
        looked_at_ && sight.now >= *looked_at_ && sight.now - *looked_at_ < removals_every;
    if (is_recent && look == last_look_) return;
    last_look_ = look;
    looked_at_ = sight.now;
    to_remove_ = plan_removals(sight);
    leave_leftovers(sight.now);
}

std::size_t FileMover::remove(const producers::Sight& sight) {
    // What was removed stands in the view of the directory until it is read again.
    if (removed_as_of_ != sight.host.files_as_of) removed_.clear();
    removed_as_of_ = sight.host.files_as_of;
    look_for_removals(sight);
    std::size_t begun = 0;
    for (const bus::FileDigest& file : to_remove_) {
        if (!is_given_up(sight, file)) continue;
        const bool is_back = under_way_.contains(file) || news_.contains(file);
        const bool stays = is_back || wanted_.contains(file) || kept_.contains(file);
        if (stays || !removed_.insert(file).second) continue;
        transfers_.remove(file);
        ++begun;
    }
    return begun;
}

/// False when no more can be begun now.
bool FileMover::fetch(const producers::Sight& sight, TransferOrder order, const std::string& sync) {
    // A file that is being removed would be found here, and then be gone.
    const bool rests = under_way_.contains(order.file) || news_.contains(order.file) ||
                       removed_.contains(order.file) || has_failed(sight, order.file);
    if (rests) return true;
    if (under_way_.size() >= transfers_max) return false;
    const auto failed = failed_.find(order.file);
    if (failed != failed_.end())
        order.sources = sources_of(sight, order.file, {}, failed->second.tried);
    if (order.sources.empty()) return true;
    if (!transfers_.fetch(order)) return false;
    under_way_.emplace(order.file, Fetching{.sources = std::move(order.sources), .sync = sync});
    return true;
}

std::size_t FileMover::carry_out(const producers::Sight& sight, bool shows_all_said) {
    const std::size_t removed = shows_all_said ? remove(sight) : 0;
    const std::size_t before = under_way_.size();
    bool has_room = true;
    for (const bus::FileDigest& file : wanted_)
        has_room =
            has_room && fetch(sight, order_for(sight, file, sources_of(sight, file, {})), {});
    if (!has_room || under_way_.size() >= transfers_max)
        return removed + under_way_.size() - before;
    // One file may be in several syncs: the first of them says from whom it comes.
    std::set<bus::FileDigest> looked_at;
    for_each_own_move(sight, [&](const std::string& sync, const SyncEntry&,
                                 const bus::PlannedMove& move) {
        const bool is_seen_to = under_way_.contains(move.file) || news_.contains(move.file);
        if (is_seen_to || !looked_at.insert(move.file).second) return true;
        return fetch(sight, order_for(sight, move.file, sources_of(sight, move.file, move.source)),
                     sync);
    });
    return removed + under_way_.size() - before;
}

bool FileMover::is_touched(const bus::FileDigest& file) const {
    return under_way_.contains(file) || news_.contains(file) || failed_.contains(file);
}

/// Looks at no more moves than it must: in each round, and a sync may have very many.
FileMover::Standing FileMover::standing_of(const producers::Sight& sight,
                                           const SyncEntry& sync) const {
    Standing standing = {.has_begun = sync.state != "planned"};
    for (const bus::PlannedMove& move : sync.moves) {
        if (standing.has_begun && standing.has_hope) break;
        if (move.target != sight.host.self) continue;
        const bool is_news = !standing.has_hope || is_touched(move.file);
        if (!is_news || has_copy(sight.cluster.data, move.file, sight.host.self)) continue;
        standing.has_begun = standing.has_begun || is_touched(move.file);
        if (has_failed(sight, move.file))
            standing.sentence = failed_.at(move.file).sentence;
        else
            standing.has_hope = true;
    }
    return standing;
}

Commands FileMover::reports(const producers::Sight& sight) const {
    Commands commands, failures;
    const bus::NodeId& self = sight.host.self;
    const bool is_idle = under_way_.empty() && news_.empty() && failed_.empty();
    for (const auto& [name, sync] : sight.cluster.data.syncs) {
        if (is_idle || sync.moves.empty() || !is_open(sync)) continue;
        const Standing standing = standing_of(sight, sync);
        if (standing.has_begun && sync.state == "planned")
            commands.push_back(producers::NoteSyncStarted{.sync = name, .node = self});
        // One file that does not come must not keep the others of its sync from coming.
        if (!standing.has_hope && !standing.sentence.empty())
            failures.push_back(
                producers::NoteSyncFailed{.sync = name, .node = self, .reason = standing.sentence});
    }
    for (const auto& [file, news] : news_) {
        const News& first = news.front();
        if (first.said_at != 0) continue;
        if (first.is_damage) {
            commands.push_back(producers::QuarantineFile{
                .file = file, .node = self, .reason = first.reason, .at = first.at});
        } else {
            commands.push_back(producers::NoteReplicated{
                .file = file, .node = self, .source = first.source, .at = first.at});
        }
    }
    commands.insert(commands.end(), failures.begin(), failures.end());
    return commands;
}

void FileMover::answered(const producers::Command& report, bus::Position at) {
    const auto answer = [&](const bus::FileDigest& file, bool is_damage) {
        const auto news = news_.find(file);
        if (news == news_.end() || news->second.front().is_damage != is_damage) return;
        news->second.front().said_at = at;
        if (at == 0) forget_first(news);
    };
    if (const auto* copy = std::get_if<producers::NoteReplicated>(&report))
        answer(copy->file, false);
    if (const auto* bad = std::get_if<producers::QuarantineFile>(&report)) answer(bad->file, true);
}

FileMover::NewsOfFiles::iterator FileMover::forget_first(NewsOfFiles::iterator news) {
    news->second.pop_front();
    return news->second.empty() ? news_.erase(news) : news;
}

std::size_t FileMover::settle(const producers::Sight& sight, bus::Position folded) {
    std::size_t settled = 0;
    for (auto news = news_.begin(); news != news_.end();) {
        const bus::Position said_at = news->second.front().said_at;
        const bool is_folded = said_at != 0 && said_at <= folded;
        settled += is_folded ? 1 : 0;
        news = is_folded ? forget_first(news) : std::next(news);
    }
    return settled + std::erase_if(failed_, [&](const auto& entry) {
               const auto sync = sight.cluster.data.syncs.find(entry.second.sync);
               const bool goes_on = sync != sight.cluster.data.syncs.end() && is_open(sync->second);
               return !goes_on && !wanted_.contains(entry.first);
           });
}

}  // namespace ringrift::consumers
