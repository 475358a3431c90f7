#include "consumers/machine_keeper.hpp"

#include <algorithm>
#include <set>

#include "consumers/alerting.hpp"
#include "producers/scaling.hpp"

namespace ringrift::consumers {
namespace {

constexpr std::string_view alert_prefix = "provider/";
constexpr std::string_view budget_alert = "provider_budget";

std::string_view verb_of(MachineDeed deed) {
    return deed == MachineDeed::provision ? "provision" : "terminate";
}

bus::Duration pause_after(std::int64_t attempts) {
    bus::Duration pause = MachineKeeper::pause_min;
    for (std::int64_t n = 1; n < attempts && pause < MachineKeeper::pause_max; ++n) pause *= 2;
    return std::min(pause, MachineKeeper::pause_max);
}

}  // namespace

std::vector<MachineOrder> open_orders(const producers::Sight& sight) {
    std::vector<MachineOrder> orders;
    const auto& nodes = sight.cluster.nodes;
    for (const auto& [node, expected] : nodes.expected) {
        const bool is_due = expected.machine.empty() &&
                            sight.now - expected.requested_at < producers::machine_wanted_for;
        if (!is_due) continue;
        orders.push_back({.request = {.deed = MachineDeed::provision, .node = node},
                          .decision = expected.decision,
                          .reason = "asked for by " + expected.decision});
    }
    if (const auto* node = producers::node_to_end(sight)) {
        if (producers::why_needed(sight, *node).empty()) {
            orders.push_back(
                {.request = {.deed = MachineDeed::terminate, .node = node->joined.node},
                 .decision = nodes.last_scale->decision,
                 .reason = nodes.last_scale->reason});
        }
    }
    return orders;
}

std::size_t MachineKeeper::sense(bus::Time now) {
    auto reports = provider_.drain();
    for (MachineReport& report : reports) {
        const auto at = requests_.find(report.request);
        if (at == requests_.end()) continue;  // It is not wanted any more.
        Progress& progress = at->second;
        progress.is_running = false;
        progress.is_done = report.trouble.empty();
        progress.machine = std::move(report.machine);
        progress.trouble = std::move(report.trouble);
        progress.next_at = now + pause_after(progress.attempts);
    }
    return reports.size();
}

std::size_t MachineKeeper::carry_out(const producers::Sight& sight, bool leads) {
    leads_ = leads;
    waits_for_budget_ = false;
    if (!leads) {
        if (!requests_.empty()) provider_.stop_all();
        requests_.clear();
        return 0;
    }
    while (!begun_at_.empty() && sight.now - begun_at_.front() >= budget_window) {
        begun_at_.pop_front();
    }
    const auto orders = open_orders(sight);
    std::erase_if(requests_, [&](const auto& entry) {
        const bool is_open = std::ranges::any_of(
            orders, [&](const MachineOrder& order) { return order.request == entry.first; });
        return !is_open && !entry.second.is_running;
    });
    std::size_t begun = 0;
    for (MachineOrder order : orders) {
        Progress& progress = requests_[order.request];
        if (progress.is_running || progress.is_done || sight.now < progress.next_at) continue;
        waits_for_budget_ = waits_for_budget_ || is_spent();
        if (is_spent()) continue;
        order.attempt = ++progress.attempts;
        progress.is_running = true;
        begun_at_.push_back(sight.now);
        provider_.start(order);
        ++begun;
    }
    return begun;
}

Commands MachineKeeper::reports(const producers::Sight& sight) const {
    Commands commands;
    std::set<std::string> troubled;
    for (const auto& [request, progress] : requests_) {
        if (progress.is_done && request.deed == MachineDeed::provision) {
            // A provider that names nothing is told apart by our name.
            commands.push_back(producers::ReportProvisioned{
                request.node,
                progress.machine.empty() ? std::string(request.node.value) : progress.machine});
        }
        if (progress.is_done && request.deed == MachineDeed::terminate)
            commands.push_back(producers::ReportTerminated{request.node});
        const std::string alert = std::string(alert_prefix) + request.node.value;
        if (progress.is_done) continue;
        troubled.insert(alert);
        if (progress.attempts < failures_until_alert || progress.trouble.empty()) continue;
        settle(sight.cluster.nodes,
               {.zone = Zone::warning,
                .alert = {.alert = alert,
                          .node = request.node,
                          .message = "the provider cannot " + std::string(verb_of(request.deed)) +
                                     " " + request.node.value + ": " + progress.trouble +
                                     "; it is tried again"}},
               commands);
    }
    if (!leads_) return commands;
    for (const auto& [name, standing] : sight.cluster.nodes.alerts) {
        if (!name.starts_with(alert_prefix) || troubled.contains(name)) continue;
        settle(sight.cluster.nodes, {.zone = Zone::clear, .alert = standing.alert}, commands);
    }
    settle(sight.cluster.nodes,
           {.zone = waits_for_budget_ ? Zone::warning : Zone::clear,
            .alert = {.alert = std::string(budget_alert),
                      .node = sight.host.self,
                      .message = std::to_string(orders_per_hour_max_) +
                                 " orders to the provider were begun within an hour, so further "
                                 "ones wait; raise provider_orders_per_hour if that is meant"}},
           commands);
    return commands;
}

}  // namespace ringrift::consumers
