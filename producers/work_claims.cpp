// Which waiting items a node gets. One request is decided as a whole: what the first claim takes
// is gone for the second, and the passes of the configs move with each.
//
// Whoever waits is in a line of items that need the same, so only heads of lines are compared: the
// cost of a claim does not grow with what waits.

#include <algorithm>

#include "producers/drafting.hpp"
#include "producers/nodes.hpp"
#include "producers/work.hpp"
#include "producers/work_fit.hpp"

namespace ringrift::producers {
namespace {

using projections::NodeEntry;
using projections::WaitingClass;
using projections::WaitingRank;
using projections::WorkItem;
using Items = std::map<WaitingRank, bus::WorkId>;
using Lines = std::map<WaitingClass, Items>;

/// The part of a line that has not been given out in this request.
struct Line {
    const WaitingClass* kind = nullptr;
    Items::const_iterator head = {};
    Items::const_iterator end = {};
    std::size_t share = 0;  ///< Index of its config's pass.
};

struct Share {
    const bus::ConfigKey* config = nullptr;
    std::int64_t pass = 0;
};

struct Request {
    const Sight& sight;
    const NodeEntry& node;
    bus::Requirements room = {};
    std::vector<Share> shares = {};
    std::vector<Line> lines = {};  ///< Those whose items the node could run when empty.
    bool something_fits_not = false;
    bool is_held_back = false;
};

/// Lines of what is due by now, but was not due by the leader's last event.
Lines due_lines(const Sight& sight) {
    Lines lines;
    std::size_t seen = 0;
    for (const auto& [when, work] : sight.cluster.work.delayed) {
        if (when.first > sight.now || ++seen > due_max) break;
        const WorkItem& item = *find(sight.cluster.work, work);
        const WaitingClass kind = {item.order.config, item.order.type, item.order.needs};
        lines[kind].emplace(rank_of(item), work);
    }
    return lines;
}

void add_lines(Request& request, const Lines& lines) {
    const bus::Requirements whole = whole_of(request.node.joined.capacity);
    for (const auto& [kind, items] : lines) {
        if (!may_run(request.node, kind.type) || !fits(whole, kind.needs)) continue;
        const auto is_same = [&config = kind.config](const Share& share) {
            return *share.config == config;
        };
        auto share = std::ranges::find_if(request.shares, is_same);
        if (share == request.shares.end()) {
            request.shares.push_back(
                {&kind.config, pass_of(request.sight.cluster.work, kind.config)});
            share = request.shares.end() - 1;
        }
        request.lines.push_back({.kind = &kind,
                                 .head = items.begin(),
                                 .end = items.end(),
                                 .share = std::size_t(share - request.shares.begin())});
    }
}

/// The smallest pass first, then the smallest rank. Null when no line is left.
Line* next_line(Request& request) {
    Line* best = nullptr;
    for (Line& line : request.lines) {
        if (line.head == line.end) continue;
        if (!best) {
            best = &line;
            continue;
        }
        const std::int64_t pass = request.shares[line.share].pass;
        const std::int64_t best_pass = request.shares[best->share].pass;
        if (pass < best_pass || (pass == best_pass && line.head->first < best->head->first))
            best = &line;
    }
    return best;
}

/// Whether a node other than this one, on which the item has not failed, could run it when empty.
bool could_go_elsewhere(const Request& request, const WorkItem& item) {
    return std::ranges::any_of(request.sight.cluster.nodes.nodes, [&](const auto& entry) {
        const NodeEntry& node = entry.second;
        return &node != &request.node && takes_work(node, request.sight.now) &&
               may_run(node, item.order.type) &&
               fits(whole_of(node.joined.capacity), item.order.needs) &&
               !failed_on(item, entry.first);
    });
}

bool is_better_elsewhere(const Request& request, const WorkItem& item) {
    return !item.setbacks.empty() && failed_on(item, request.node.joined.node) &&
           could_go_elsewhere(request, item);
}

/// Whether no other node has less to give up until the item fits. One node is kept free, not all.
bool is_nearest_to_room(const Request& request, const WorkItem& item) {
    const projections::ClusterView& cluster = request.sight.cluster;
    const bus::NodeId& self = request.node.joined.node;
    const std::int64_t missing = missing_ppm(request.room, item.order.needs);
    return std::ranges::none_of(cluster.nodes.nodes, [&](const auto& entry) {
        const auto& [name, node] = entry;
        if (name == self || !takes_work(node, request.sight.now) ||
            !may_run(node, item.order.type) ||
            !fits(whole_of(node.joined.capacity), item.order.needs)) {
            return false;
        }
        const std::int64_t other = missing_ppm(room_on(cluster.work, node), item.order.needs);
        return other < missing || (other == missing && name < self);
    });
}

bool holds_back(const Request& request, const WorkItem& item) {
    const bool has_waited = request.sight.now - item.queued_at > hold_back_after;
    return has_waited && is_nearest_to_room(request, item);
}

/// The best item that the node can run now, which is taken out of its line. Null when there is
/// none.
const WorkItem* take_next(Request& request) {
    std::size_t skipped = 0;
    while (Line* line = next_line(request)) {
        const WorkItem& item = *find(request.sight.cluster.work, line->head->second);
        if (is_better_elsewhere(request, item)) {
            line->head = ++skipped < scan_max ? std::next(line->head) : line->end;
            continue;
        }
        if (fits(request.room, line->kind->needs)) {
            ++line->head;
            take(request.room, line->kind->needs);
            request.shares[line->share].pass += projections::stride_of(item.order);
            return &item;
        }
        request.something_fits_not = true;
        if (holds_back(request, item)) {
            request.is_held_back = true;
            return nullptr;
        }
        line->head = line->end;
    }
    return nullptr;
}

Draft claim_of(const WorkItem& item, const bus::NodeId& node) {
    return {.id = id_of(item.order.work.value, "claimed", item.claims + 1),
            .causation = item.last_event,
            .correlation = item.correlation,
            .fact = bus::WorkClaimed{.work = item.order.work, .node = node}};
}

Refusal why_none(const Request& request) {
    const std::string& name = request.node.joined.node.value;
    if (request.is_held_back) {
        return refuse(Refusal::Kind::held_back,
                      "the room of " + name + " is kept for a larger item that waits too long");
    }
    if (request.something_fits_not) {
        return refuse(Refusal::Kind::no_room, name + " has only " + to_text(request.room) +
                                                  " free; ask when a job has ended");
    }
    return refuse(Refusal::Kind::nothing_waits, "no work waits that " + name + " could run");
}

}  // namespace

Decision decide(const Sight& sight, const ClaimWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node)
        return refuse(Refusal::Kind::unknown, "no node " + command.node.value + " has joined");
    if (!takes_work(*node, sight.now)) {
        return refuse(Refusal::Kind::node_rests, why_it_rests(*node, sight.now));
    }
    Request request = {.sight = sight, .node = *node, .room = room_on(sight.cluster.work, *node)};
    const Lines due = due_lines(sight);
    add_lines(request, sight.cluster.work.waiting);
    add_lines(request, due);

    std::vector<Draft> drafts;
    const std::int64_t claims_max =
        std::clamp<std::int64_t>(command.claims_max, 1, claims_per_request_max);
    while (std::ssize(drafts) < claims_max) {
        const WorkItem* item = take_next(request);
        if (!item) break;
        drafts.push_back(claim_of(*item, command.node));
    }
    if (drafts.empty()) return why_none(request);
    return drafts;
}

}  // namespace ringrift::producers
