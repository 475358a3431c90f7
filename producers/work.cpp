#include "producers/work.hpp"

#include <algorithm>

#include "producers/drafting.hpp"

namespace ringrift::producers {
namespace {

using projections::WorkItem;
using projections::WorkStatus;

bool has_games(bus::WorkType type) {
    return type == bus::WorkType::selfplay || type == bus::WorkType::evaluation ||
           type == bus::WorkType::tournament;
}

/// What is wrong with the order itself; empty when nothing is.
std::string fault_of(const bus::WorkQueued& order) {
    const bus::Requirements& needs = order.needs;
    if (order.work.empty()) return "the work has no id";
    if (order.work.value.size() > bus::id_bytes_max)
        return "the work's id is longer than 200 bytes";
    if (order.config.empty()) return "the work has no config";
    if (needs.slots < 1) return "needs.slots must be at least 1";
    if (std::min({needs.gpus, needs.memory_bytes, needs.vram_bytes, needs.disk_bytes}) < 0) {
        return "needs must not be negative";
    }
    if (order.timeout_ms <= bus::Duration(0)) return "timeout_ms must be positive";
    if (order.attempts_max < 1) return "attempts_max must be at least 1";
    if (order.priority < -priority_max || order.priority > priority_max) {
        return "priority must be between -10000 and 10000";
    }
    if (order.share_ppm < 1)
        return "share_ppm must be positive; work of a resting config is not queued";
    if (has_games(order.type) && order.games < 1) return "games must be at least 1";
    if (order.depends_on.size() > dependencies_max) return "more than 100 dependencies";
    return {};
}

/// A dependency that can never be completed makes the item pointless.
std::string fault_of_dependencies(const projections::WorkView& view, const bus::WorkQueued& order) {
    for (const bus::WorkId& work : order.depends_on) {
        const WorkItem* other = find(view, work);
        if (!other) return "it depends on " + work.value + ", which is not known";
        if (other->status == WorkStatus::cancelled) {
            return "it depends on " + work.value + ", which was cancelled";
        }
    }
    return {};
}

std::int64_t open_items(const projections::WorkView& view) {
    std::int64_t total = 0;
    for (const auto& [config, open] : view.open_by_config) total += open;
    return total;
}

/// A log takes an id once. An order that the fold dropped, because of a twin that could not be read
/// when it was said, would never be heard again: once both are folded it gets another.
bus::EventId queued_id(const projections::WorkView& view, const bus::WorkId& work) {
    const auto dropped = view.counts.find("duplicates");
    if (dropped == view.counts.end()) return id_of(work.value, "queued");
    return id_of(work.value, "queued", dropped->second);
}

Refusal unknown_work(const bus::WorkId& work) {
    return refuse(Refusal::Kind::unknown, "no work " + work.value + " is known");
}

/// The item iff the fence is its present claim's.
const WorkItem* leased(const Sight& sight, const bus::WorkId& work, bus::Position fence) {
    const WorkItem* item = find(sight.cluster.work, work);
    return item && item->lease && item->lease->fence == fence ? item : nullptr;
}

Refusal no_such_claim(const bus::WorkId& work, bus::Position fence) {
    return refuse(Refusal::Kind::not_held,
                  work.value + " is not claimed with fence " + std::to_string(fence));
}

Decision say_of(const WorkItem& item, bus::EventId id, bus::Fact fact) {
    return say({.id = std::move(id),
                .causation = item.last_event,
                .correlation = item.correlation,
                .fact = std::move(fact)});
}

bool is_given_up(WorkStatus status) {
    return status == WorkStatus::failed || status == WorkStatus::timeout;
}

}  // namespace

Decision decide(const Sight& sight, const QueueWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const bus::WorkQueued& order = command.work;
    const projections::WorkView& view = sight.cluster.work;
    if (const std::string fault = fault_of(order); !fault.empty()) {
        return refuse(Refusal::Kind::invalid, fault);
    }
    if (find(view, order.work)) {
        return refuse(Refusal::Kind::duplicate, order.work.value + " is queued already");
    }
    const auto twin = view.open_by_dedup_key.find(order.dedup_key);
    if (twin != view.open_by_dedup_key.end()) {
        return refuse(Refusal::Kind::duplicate,
                      twin->second.value + " has the same dedup key and is open");
    }
    if (const std::string fault = fault_of_dependencies(view, order); !fault.empty()) {
        return refuse(Refusal::Kind::invalid, fault);
    }
    if (open_items(view) >= open_items_max) {
        return refuse(Refusal::Kind::no_room,
                      "200000 items are open; queue more when some have ended");
    }
    return say({.id = queued_id(view, order.work),
                .causation = command.cause,
                .correlation = command.correlation,
                .fact = order});
}

Decision decide(const Sight& sight, const ExpireLease& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const WorkItem* item = leased(sight, command.work, command.fence);
    if (!item) return no_such_claim(command.work, command.fence);
    return say_of(*item, id_of(command.work.value, "expired", command.fence),
                  bus::WorkLeaseExpired{.work = command.work,
                                        .node = item->lease->node,
                                        .fence = command.fence,
                                        .reason = command.reason});
}

Decision decide(const Sight& sight, const TimeOutWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const WorkItem* item = leased(sight, command.work, command.fence);
    if (!item) return no_such_claim(command.work, command.fence);
    const bus::Time since = item->lease->started_at.value_or(item->lease->claimed_at);
    return say_of(*item, id_of(command.work.value, "timeout", command.fence),
                  bus::WorkTimeout{.work = command.work,
                                   .node = item->lease->node,
                                   .fence = command.fence,
                                   .age_ms = std::max(sight.now - since, bus::Duration(0)),
                                   .reason = command.reason});
}

Decision decide(const Sight& sight, const CancelWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const WorkItem* item = find(sight.cluster.work, command.work);
    if (!item) return unknown_work(command.work);
    if (item->status == WorkStatus::completed || item->status == WorkStatus::cancelled) {
        return refuse(Refusal::Kind::not_open, command.work.value + " has ended already");
    }
    return say_of(*item, id_of(command.work.value, "cancelled"),
                  bus::WorkCancelled{.work = command.work, .reason = command.reason});
}

Decision decide(const Sight& sight, const ParkWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const WorkItem* item = find(sight.cluster.work, command.work);
    if (!item) return unknown_work(command.work);
    if (item->status == WorkStatus::parked) {
        return refuse(Refusal::Kind::duplicate, command.work.value + " is parked already");
    }
    if (item->lease) {
        return refuse(Refusal::Kind::invalid, command.work.value + " is held by " +
                                                  item->lease->node.value + "; cancel it instead");
    }
    if (item->status != WorkStatus::pending && !is_given_up(item->status)) {
        return refuse(Refusal::Kind::not_open, command.work.value + " has ended already");
    }
    bus::WorkParked parked = {.work = command.work, .reason = command.reason};
    if (parked.reason.empty()) parked.reason = item->reason;
    if (!item->setbacks.empty()) parked.evidence = item->setbacks.back().stderr_tail;
    return say_of(*item, id_of(command.work.value, "parked", item->changed), std::move(parked));
}

Decision decide(const Sight& sight, const UnparkWork& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const projections::WorkView& view = sight.cluster.work;
    const WorkItem* item = find(view, command.work);
    if (!item) return unknown_work(command.work);
    if (item->status != WorkStatus::parked) {
        return refuse(Refusal::Kind::duplicate, command.work.value + " is not parked");
    }
    if (view.open_by_dedup_key.contains(item->order.dedup_key)) {
        return refuse(Refusal::Kind::duplicate, "an open item has the same dedup key");
    }
    return say_of(*item, id_of(command.work.value, "unparked", item->changed),
                  bus::WorkUnparked{.work = command.work, .reason = command.reason});
}

Decision decide(const Sight& sight, const NoteIdle& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const projections::NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return refuse(Refusal::Kind::unknown, "no node " + command.node.value + " is known");
    const auto since = std::chrono::floor<std::chrono::minutes>(sight.now - command.idle);
    return say(
        {.id = id_of(command.node.value, "idle", since.time_since_epoch().count()),
         .causation = node->last_event,
         .correlation = {},
         .fact = bus::IdleResourceDetected{
             .node = command.node, .free_slots = command.free_slots, .idle_ms = command.idle}});
}

std::vector<CancelWork> hopeless(const projections::WorkView& work, std::size_t count_max) {
    std::vector<CancelWork> commands;
    for (const auto& [dependency, dependents] : work.blocked) {
        const WorkItem* other = find(work, dependency);
        const bool is_hopeless = !other || other->status == WorkStatus::cancelled;
        if (!is_hopeless) continue;
        const std::string what = other ? " was cancelled" : " is not known";
        for (const bus::WorkId& dependent : dependents) {
            if (commands.size() == count_max) return commands;
            commands.push_back({.work = dependent,
                                .reason = "it depends on " + dependency.value + ", which" + what});
        }
    }
    return commands;
}

std::vector<ParkWork> to_be_parked(const projections::WorkView& work, std::size_t count_max) {
    std::vector<ParkWork> commands;
    const auto given_up = [&](WorkStatus status) { return work.by_status.contains(status); };
    if (!given_up(WorkStatus::failed) && !given_up(WorkStatus::timeout)) return commands;
    for (const auto& [when, name] : work.ended) {
        if (commands.size() == count_max) break;
        const WorkItem& item = work.items.at(name);
        if (is_given_up(item.status)) commands.push_back({.work = name, .reason = item.reason});
    }
    return commands;
}

}  // namespace ringrift::producers
