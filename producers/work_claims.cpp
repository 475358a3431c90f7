// Which waiting items the nodes get that ask. All requests of a round are decided as one: what the
// first is given is gone for the second, and the passes of the configs move with each.
//
// Whoever waits is in a line of items that need the same, so only heads of lines are compared: the
// cost of a claim does not grow with what waits. Nodes take turns, one item each, so that scarce
// work is spread.

#include <algorithm>
#include <optional>
#include <set>

#include "producers/drafting.hpp"
#include "producers/nodes.hpp"
#include "producers/work.hpp"
#include "producers/work_fit.hpp"
#include "projections/setbacks.hpp"

namespace ringrift::producers {
namespace {

using projections::NodeEntry;
using projections::WaitingClass;
using projections::WaitingRank;
using projections::WorkItem;
using Items = std::map<WaitingRank, bus::WorkId>;
using Lines = std::map<WaitingClass, Items>;
using Ids = std::set<const bus::WorkId*>;  // Of items in lines, which do not move meanwhile.

struct Line {
    const WaitingClass* kind = nullptr;
    Items::const_iterator head = {};  ///< All before it has been given out.
    Items::const_iterator end = {};
    std::size_t share = 0;  ///< Index of its config's pass.
};

struct Share {
    const bus::ConfigKey* config = nullptr;
    std::int64_t pass = 0;
};

/// What one node may still be given.
struct Request {
    const NodeEntry* node = nullptr;
    std::int64_t claims_left = 0;
    bus::Requirements room = {};
    std::vector<Line*> lines = {};  ///< Those whose items the node could run when empty.
    Ids better_elsewhere = {};
    bool something_fits_not = false;
    bool is_held_back = false;
};

/// What all requests of the round share.
struct Round {
    const Sight& sight;
    std::vector<Share> shares = {};
    std::vector<Line> lines = {};
    std::vector<Request> requests = {};
    Ids given = {};  ///< Behind the head of their line.
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

void add_lines(Round& round, const Lines& lines) {
    for (const auto& [kind, items] : lines) {
        const auto is_same = [&config = kind.config](const Share& share) {
            return *share.config == config;
        };
        auto share = std::ranges::find_if(round.shares, is_same);
        if (share == round.shares.end()) {
            round.shares.push_back({&kind.config, pass_of(round.sight.cluster.work, kind.config)});
            share = round.shares.end() - 1;
        }
        round.lines.push_back({.kind = &kind,
                               .head = items.begin(),
                               .end = items.end(),
                               .share = std::size_t(share - round.shares.begin())});
    }
}

void add_request(Round& round, const NodeEntry& node, std::int64_t claims_max) {
    Request request = {
        .node = &node,
        .claims_left = std::clamp<std::int64_t>(claims_max, 1, claims_per_request_max),
        .room = room_on(round.sight.cluster.work, node)};
    const bus::Requirements whole = whole_of(node.joined.capacity);
    for (Line& line : round.lines) {
        if (may_run(node, line.kind->type) && fits(whole, line.kind->needs))
            request.lines.push_back(&line);
    }
    round.requests.push_back(std::move(request));
}

/// Where the request finds its next item in the line; the line's end when there is none.
Items::const_iterator first_for(const Round& round, const Request& request, const Line& line) {
    auto at = line.head;
    while (at != line.end &&
           (round.given.contains(&at->second) || request.better_elsewhere.contains(&at->second))) {
        ++at;
    }
    return at;
}

struct Found {
    Line* line = nullptr;
    Items::const_iterator at = {};
};

/// The smallest pass first, then the smallest rank. Without a line when none is left.
Found next_of(const Round& round, const Request& request) {
    Found best;
    for (Line* line : request.lines) {
        const auto at = first_for(round, request, *line);
        if (at == line->end) continue;
        const std::int64_t pass = round.shares[line->share].pass;
        const std::int64_t best_pass = best.line ? round.shares[best.line->share].pass : pass;
        const bool is_better =
            !best.line || pass < best_pass || (pass == best_pass && at->first < best.at->first);
        if (is_better) best = {line, at};
    }
    return best;
}

/// Whether a node other than this one, on which the item has not failed, could run it when empty.
bool could_go_elsewhere(const Sight& sight, const NodeEntry& self, const WorkItem& item) {
    return std::ranges::any_of(sight.cluster.nodes.nodes, [&](const auto& entry) {
        const NodeEntry& node = entry.second;
        return &node != &self && takes_work(node, sight.now) && may_run(node, item.order.type) &&
               fits(whole_of(node.joined.capacity), item.order.needs) &&
               !failed_on(item, entry.first);
    });
}

bool is_better_elsewhere(const Sight& sight, const NodeEntry& self, const WorkItem& item) {
    return !item.setbacks.empty() && failed_on(item, self.joined.node) &&
           could_go_elsewhere(sight, self, item);
}

/// What is free on a node once all that was given in this round is claimed.
bus::Requirements room_left_on(const Round& round, const NodeEntry& node) {
    const auto request = std::ranges::find(round.requests, &node, &Request::node);
    return request == round.requests.end() ? room_on(round.sight.cluster.work, node)
                                           : request->room;
}

/// Whether no other node has less to give up until the item fits. One node is kept free, not all:
/// one that will be given the item, since another would be kept free for nothing.
bool is_nearest_to_room(const Round& round, const Request& request, const WorkItem& item) {
    const bus::NodeId& self = request.node->joined.node;
    const std::int64_t missing = missing_ppm(request.room, item.order.needs);
    return std::ranges::none_of(round.sight.cluster.nodes.nodes, [&](const auto& entry) {
        const auto& [name, node] = entry;
        if (name == self || !takes_work(node, round.sight.now) || !may_run(node, item.order.type) ||
            !fits(whole_of(node.joined.capacity), item.order.needs) ||
            is_better_elsewhere(round.sight, node, item)) {
            return false;
        }
        const std::int64_t other = missing_ppm(room_left_on(round, node), item.order.needs);
        return other < missing || (other == missing && name < self);
    });
}

bool holds_back(const Round& round, const Request& request, const WorkItem& item) {
    const bool has_waited = round.sight.now - item.queued_at > hold_back_after;
    return has_waited && is_nearest_to_room(round, request, item);
}

void give(Round& round, Request& request, const Found& found, const WorkItem& item) {
    Line& line = *found.line;
    round.given.insert(&found.at->second);
    while (line.head != line.end && round.given.erase(&line.head->second) > 0) ++line.head;
    take(request.room, line.kind->needs);
    round.shares[line.share].pass += projections::stride_of(item.order);
    --request.claims_left;
}

/// The best item that the node can run now, which is taken out of its line. Null when there is
/// none; then there is none for it in this round.
const WorkItem* take_next(Round& round, Request& request) {
    while (request.claims_left > 0 && !request.is_held_back) {
        const Found found = next_of(round, request);
        if (!found.line) break;
        const WorkItem& item = *find(round.sight.cluster.work, found.at->second);
        if (is_better_elsewhere(round.sight, *request.node, item)) {
            request.better_elsewhere.insert(&found.at->second);
            if (request.better_elsewhere.size() < scan_max) continue;
        } else if (fits(request.room, found.line->kind->needs)) {
            give(round, request, found, item);
            return &item;
        } else {
            request.something_fits_not = true;
            request.is_held_back = holds_back(round, request, item);
        }
        std::erase(request.lines, found.line);
    }
    request.claims_left = 0;
    return nullptr;
}

Draft claim_of(const WorkItem& item, const bus::NodeId& node) {
    return {.id = id_of(item.order.work.value, "claimed", item.claims + 1),
            .causation = item.last_event,
            .correlation = item.correlation,
            .fact = bus::WorkClaimed{.work = item.order.work, .node = node}};
}

Refusal why_none(const Request& request) {
    const std::string& name = request.node->joined.node.value;
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

/// Nodes take turns until none can be given more.
std::vector<Draft> give_out(Round& round) {
    std::vector<Draft> drafts;
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        for (Request& request : round.requests) {
            const WorkItem* item = take_next(round, request);
            if (!item) continue;
            drafts.push_back(claim_of(*item, request.node->joined.node));
            goes_on = true;
        }
    }
    return drafts;
}

/// Empty when it may be given work.
std::optional<Refusal> why_not(const Sight& sight, const ClaimWork& claim) {
    const NodeEntry* node = find(sight.cluster.nodes, claim.node);
    if (!node) return refuse(Refusal::Kind::unknown, "no node " + claim.node.value + " has joined");
    if (takes_work(*node, sight.now)) return {};
    return refuse(Refusal::Kind::node_rests, why_it_rests(*node, sight.now));
}

}  // namespace

Decision decide(const Sight& sight, const ShareOutWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    Round round = {.sight = sight};
    const Lines due = due_lines(sight);
    add_lines(round, sight.cluster.work.waiting);
    add_lines(round, due);
    std::optional<Refusal> refusal;
    for (const ClaimWork& claim : command.claims) {
        auto fault = why_not(sight, claim);
        if (!fault)
            add_request(round, *find(sight.cluster.nodes, claim.node), claim.claims_max);
        else if (!refusal)
            refusal = std::move(fault);
    }
    std::vector<Draft> drafts = give_out(round);
    if (!drafts.empty()) return drafts;
    if (!round.requests.empty()) return why_none(round.requests.front());
    return refusal.value_or(refuse(Refusal::Kind::invalid, "nobody asks for work"));
}

Decision decide(const Sight& sight, const ClaimWork& command) {
    return decide(sight, ShareOutWork{.claims = {command}});
}

}  // namespace ringrift::producers
