#include "producers/why_waiting.hpp"

#include <algorithm>
#include <vector>

#include "bus/json_kinds.hpp"
#include "producers/work_fit.hpp"

namespace ringrift::producers {
namespace {

using projections::WorkItem;
using projections::WorkStatus;

/// What the nodes look like to whoever waits; made once for many questions.
struct Place {
    const projections::NodeEntry* node = nullptr;
    bus::Requirements whole = {};
    bus::Requirements room = {};
    bool takes_work = false;
};

std::vector<Place> living_places(const Sight& sight) {
    std::vector<Place> places;
    for (const auto& [name, node] : sight.cluster.nodes.nodes) {
        if (!is_alive(node)) continue;
        places.push_back({.node = &node,
                          .whole = whole_of(node.joined.capacity),
                          .room = room_on(sight.cluster.work, node),
                          .takes_work = projections::takes_work(node, sight.now)});
    }
    return places;
}

/// How far the most promising place gets: each reason is a stage that no place has passed.
WaitReason reason_among(const std::vector<Place>& places, bus::WorkType type,
                        const bus::Requirements& needs) {
    WaitReason best = WaitReason::no_nodes;
    for (const Place& place : places) {
        WaitReason reached = WaitReason::ready;
        if (!may_run(*place.node, type)) {
            reached = WaitReason::capability;
        } else if (!fits(place.whole, needs)) {
            reached = WaitReason::too_large;
        } else if (!place.takes_work) {
            reached = WaitReason::nodes_rest;
        } else if (!fits(place.room, needs)) {
            reached = WaitReason::nodes_busy;
        }
        best = std::max(best, reached);
        if (best == WaitReason::ready) break;
    }
    return best;
}

std::string sentence_of(WaitReason reason, const WorkItem& item) {
    const std::string type(projections::name_of(item.order.type));
    const std::string needs = to_text(item.order.needs);
    switch (reason) {
        case WaitReason::not_waiting: return "it does not wait";
        case WaitReason::dependency: return "it waits for other work";
        case WaitReason::not_before: return "its time has not come";
        case WaitReason::no_nodes: return "no node is alive";
        case WaitReason::capability: return "no living node is set up for " + type;
        case WaitReason::too_large: return "no living node has " + needs + ", even when empty";
        case WaitReason::nodes_rest:
            return "the nodes that could run it are suspected, draining or in quarantine";
        case WaitReason::nodes_busy: return "no node has " + needs + " free now";
        case WaitReason::ready: return "a node has room; it goes with that node's next request";
    }
    return {};
}

Waiting explain_blocked(const projections::WorkView& view, const WorkItem& item) {
    const bus::WorkId& first = item.blockers.front();
    const WorkItem* other = find(view, first);
    const std::string state = other ? "is " + std::string(name_of(other->status)) : "is not known";
    std::string sentence = "it waits for " + first.value + ", which " + state;
    if (item.blockers.size() > 1) {
        sentence += ", and for " + std::to_string(item.blockers.size() - 1) + " more";
    }
    return {.reason = WaitReason::dependency, .sentence = std::move(sentence)};
}

Waiting explain_delayed(const WorkItem& item) {
    std::string sentence = "not before " + bus::to_text(*item.not_before_at);
    if (!item.setbacks.empty()) sentence += ", after: " + item.setbacks.back().reason;
    return {.reason = WaitReason::not_before, .sentence = std::move(sentence)};
}

bool is_delayed(const WorkItem& item, bus::Time now) {
    return item.not_before_at && *item.not_before_at > now;
}

}  // namespace

Waiting why_waiting(const Sight& sight, const bus::WorkId& work) {
    const WorkItem* item = find(sight.cluster.work, work);
    if (!item) return {.sentence = "no work " + work.value + " is known"};
    if (item->lease) {
        return {.sentence = "it is " + std::string(name_of(item->status)) + " on " +
                            item->lease->node.value};
    }
    if (item->status != WorkStatus::pending) {
        return {.sentence = "it is " + std::string(name_of(item->status)) + ": " + item->reason};
    }
    if (!item->blockers.empty()) return explain_blocked(sight.cluster.work, *item);
    if (is_delayed(*item, sight.now)) return explain_delayed(*item);
    const WaitReason reason =
        reason_among(living_places(sight), item->order.type, item->order.needs);
    return {.reason = reason, .sentence = sentence_of(reason, *item)};
}

std::map<WaitReason, std::int64_t> waiting_reasons(const Sight& sight) {
    const projections::WorkView& view = sight.cluster.work;
    const std::vector<Place> places = living_places(sight);
    std::map<WaitReason, std::int64_t> reasons;
    const auto pending = view.by_status.find(WorkStatus::pending);
    std::int64_t blocked = pending == view.by_status.end() ? 0 : pending->second;
    for (const auto& [kind, items] : view.waiting) {
        reasons[reason_among(places, kind.type, kind.needs)] += std::ssize(items);
        blocked -= std::ssize(items);
    }
    // Due but not yet moved by the fold counts as delayed: the next leader's event moves it.
    const std::int64_t delayed = std::ssize(view.delayed);
    if (delayed > 0) reasons[WaitReason::not_before] += delayed;
    if (blocked > delayed) reasons[WaitReason::dependency] += blocked - delayed;
    return reasons;
}

std::string_view name_of(WaitReason reason) {
    return bus::json_detail::enum_name(reason);
}

}  // namespace ringrift::producers
