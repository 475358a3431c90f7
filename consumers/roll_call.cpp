#include "consumers/roll_call.hpp"

#include <algorithm>
#include <utility>

namespace ringrift::consumers {
namespace {

projections::Heartbeat heard_as(const bus::NodeHeartbeat& said, bus::Time now) {
    projections::Heartbeat heartbeat = {
        .at = now, .fences = {said.fences.begin(), said.fences.end()}, .folded = said.folded};
    // Durations, not times: the other clock may be wrong.
    if (said.idle_ms) heartbeat.idle_since_at = now - *said.idle_ms;
    heartbeat.sample = {.at = now,
                        .cpu_ppm = said.cpu_ppm,
                        .load1_milli = said.load1_milli,
                        .memory_bytes = said.memory_bytes,
                        .memory_total_bytes = said.memory_total_bytes,
                        .disk_free_bytes = said.disk_free_bytes,
                        .disk_total_bytes = said.disk_total_bytes,
                        .gpu_ppm = said.gpu_ppm};
    return heartbeat;
}

bool speaks_for_now(const projections::ClusterView& cluster, const bus::NodeId& node,
                    std::int64_t incarnation) {
    const projections::NodeEntry* entry = find(cluster.nodes, node);
    return entry != nullptr && entry->joined.incarnation == incarnation;
}

/// A letter may be here before the log shows that the node was started anew: it lives all the same,
/// and so do the claims that it names.
bool lives(const projections::ClusterView& cluster, const bus::NodeId& node,
           std::int64_t incarnation) {
    const projections::NodeEntry* entry = find(cluster.nodes, node);
    return entry != nullptr && entry->joined.incarnation <= incarnation;
}

}  // namespace

std::size_t RollCall::hear(std::span<const bus::Letter> letters, projections::HostView& host,
                           const projections::ClusterView& cluster, bus::Time now) {
    std::size_t taken = 0;
    for (const bus::Letter& letter : letters) {
        if (const auto* said = std::get_if<bus::NodeHeartbeat>(&letter.message)) {
            if (!lives(cluster, letter.from, said->incarnation)) continue;
            if (said->turn_age_ms && *said->turn_age_ms > turn_age_max) continue;
            projections::hear(host, letter.from, heard_as(*said, now));
            ++heard_;
            ++taken;
        } else if (const auto* wish = std::get_if<bus::WorkWanted>(&letter.message)) {
            if (!speaks_for_now(cluster, letter.from, wish->incarnation)) continue;
            wanted_[letter.from] = wish->claims_max;  // the newest wish counts, not their sum
            ++taken;
        }
    }
    return taken;
}

void RollCall::speak(const projections::HostView& host, std::int64_t incarnation,
                     bus::Position folded, bus::Time now) {
    if (wire_ == nullptr) return;
    const bool due = !spoke_at_ || now - *spoke_at_ >= period_ || now < *spoke_at_;
    const bool said =
        std::ranges::equal(host.jobs, said_, {}, [](const auto& entry) { return entry.first; });
    if (!due && said) return;
    projections::Heartbeat own = projections::own_heartbeat(host, now);
    spoke_at_ = now;
    bus::NodeHeartbeat word = {.incarnation = incarnation,
                               .fences = {own.fences.begin(), own.fences.end()},
                               .folded = folded,
                               .cpu_ppm = own.sample.cpu_ppm,
                               .load1_milli = own.sample.load1_milli,
                               .memory_bytes = own.sample.memory_bytes,
                               .memory_total_bytes = own.sample.memory_total_bytes,
                               .disk_free_bytes = own.sample.disk_free_bytes,
                               .disk_total_bytes = own.sample.disk_total_bytes,
                               .gpu_ppm = own.sample.gpu_ppm};
    if (own.idle_since_at) word.idle_ms = now - *own.idle_since_at;
    said_ = std::move(own.fences);
    wire_->send({.message = std::move(word)});
}

void RollCall::want(const producers::ClaimWork& claim, const bus::NodeId& leader,
                    std::int64_t incarnation) {
    if (wire_ == nullptr || leader.empty()) return;
    wire_->send(
        {.to = leader,
         .message = bus::WorkWanted{.incarnation = incarnation, .claims_max = claim.claims_max}});
}

std::vector<producers::ClaimWork> RollCall::wanted() const {
    std::vector<producers::ClaimWork> claims;
    for (const auto& [node, claims_max] : wanted_)
        claims.push_back({.node = node, .claims_max = claims_max});
    return claims;
}

}  // namespace ringrift::consumers
