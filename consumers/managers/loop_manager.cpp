#include "consumers/managers/loop_manager.hpp"

#include <algorithm>
#include <exception>

#include "bus/check.hpp"

namespace ringrift::consumers {
namespace {

/// FNV-1a: the same on every machine and in every build, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

/// How long after the start the loop first runs.
bus::Duration first_wait(const bus::NodeId& self, const AnyLoop& loop) {
    const bus::Duration spread = std::min(loop.period, LoopManager::spread_max);
    const std::uint64_t hash = hash_of(self.value + "/" + std::string(loop.name));
    return bus::Duration(
        static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(spread.count() + 1)));
}

bus::Duration back_off_after(std::int64_t failures) {
    bus::Duration wait = LoopManager::back_off_first;
    for (std::int64_t n = 1; n < failures && wait < LoopManager::back_off_max; ++n) wait *= 2;
    return std::min(wait, LoopManager::back_off_max);
}

std::string leader_in_words(const producers::Sight& sight) {
    const bus::NodeId& leader = sight.cluster.leadership.leader;
    return leader.empty() ? "it runs on the leader, and nobody leads now"
                          : "it runs on the leader, which is " + leader.value;
}

}  // namespace

void LoopManager::add(AnyLoop loop) {
    RINGRIFT_CHECK(!started_ && loop.step && loop.period > bus::Duration::zero());
    RINGRIFT_CHECK(
        std::ranges::none_of(entries_, [&](const Entry& e) { return e.loop.name == loop.name; }));
    Entry entry = {.pulse = {.name = std::string(loop.name),
                             .enabled = false,
                             .why_disabled = "the loops have not been started",
                             .leader_only = loop.runs_on == RunsOn::leader,
                             .period = loop.period}};
    entry.loop = std::move(loop);
    entries_.push_back(std::move(entry));
}

void LoopManager::start_all(bus::Time now) {
    if (started_) return;
    started_ = true;
    for (Entry& entry : entries_) {
        entry.due_at = now + first_wait(self_, entry.loop);
        entry.back_off_until_at = {};
        entry.woken = false;
    }
}

void LoopManager::stop_all() {
    if (!started_) return;
    started_ = false;
    for (Entry& entry : entries_) {
        entry.pulse.enabled = false;
        entry.pulse.why_disabled = "the loops have been stopped";
    }
}

void LoopManager::wake(std::string_view name) {
    const auto entry =
        std::ranges::find(entries_, name, [](const Entry& e) { return e.loop.name; });
    RINGRIFT_CHECK(entry != entries_.end());
    entry->woken = true;
}

bool LoopManager::is_due(const Entry& entry, bus::Time now) const {
    return now >= entry.back_off_until_at && (entry.woken || now >= entry.due_at);
}

std::vector<LoopCommand> LoopManager::run_due(const producers::Sight& sight, bool is_leader) {
    std::vector<LoopCommand> commands;
    if (!started_) return commands;
    const std::string elsewhere = is_leader ? std::string() : leader_in_words(sight);
    for (Entry& entry : entries_) {
        const bool may_run = is_leader || entry.loop.runs_on == RunsOn::every_node;
        if (may_run && is_due(entry, sight.now)) run(entry, sight, commands);
        entry.pulse.why_disabled = may_run ? entry.rests : elsewhere;
        entry.pulse.enabled = entry.pulse.why_disabled.empty();
        entry.pulse.next_run_at = std::max(entry.due_at, entry.back_off_until_at);
    }
    return commands;
}

void LoopManager::run(Entry& entry, const producers::Sight& sight,
                      std::vector<LoopCommand>& commands) {
    LoopPulse& pulse = entry.pulse;
    set_running(RunningLoop{.name = pulse.name, .since_at = sight.now});
    const bus::Time begun = clock_.now();
    try {
        if (entry.loop.why_rests) entry.rests = entry.loop.why_rests(sight);
        Commands asked = entry.rests.empty() ? entry.loop.step(sight) : Commands{};
        for (producers::Command& command : asked) {
            commands.push_back({.loop = entry.loop.name, .command = std::move(command)});
        }
        pulse.asked += static_cast<std::int64_t>(asked.size());
        pulse.last_success_at = sight.now;
        pulse.failures_in_a_row = 0;
    } catch (const std::exception& error) {
        failed(entry, sight.now, error.what());
    } catch (...) {
        failed(entry, sight.now, "it threw something that is no std::exception");
    }
    pulse.duration = clock_.now() - begun;
    pulse.last_run_at = sight.now;
    ++pulse.runs;
    entry.woken = false;
    entry.due_at = sight.now + entry.loop.period;
    if (pulse.failures_in_a_row > 0) entry.due_at = entry.back_off_until_at;
    set_running({});
}

void LoopManager::failed(Entry& entry, bus::Time now, std::string error) {
    ++entry.pulse.failures;
    ++entry.pulse.failures_in_a_row;
    entry.pulse.last_error_at = now;
    entry.pulse.last_error = std::move(error);
    entry.back_off_until_at = now + back_off_after(entry.pulse.failures_in_a_row);
}

std::vector<LoopPulse> LoopManager::pulse() const {
    std::vector<LoopPulse> pulses;
    for (const Entry& entry : entries_) pulses.push_back(entry.pulse);
    return pulses;
}

std::optional<bus::Time> LoopManager::last_success_of(std::string_view name, bool is_leader,
                                                      bus::Time now) const {
    const auto entry =
        std::ranges::find(entries_, name, [](const Entry& e) { return e.loop.name; });
    RINGRIFT_CHECK(entry != entries_.end());
    if (!is_leader && entry->loop.runs_on != RunsOn::every_node) return now;
    if (entry->pulse.last_success_at == bus::Time{}) return {};
    return entry->pulse.last_success_at;
}

std::optional<RunningLoop> LoopManager::running() const {
    const std::lock_guard lock(mutex_);
    return running_;
}

void LoopManager::set_running(std::optional<RunningLoop> loop) {
    const std::lock_guard lock(mutex_);
    running_ = std::move(loop);
}

}  // namespace ringrift::consumers
