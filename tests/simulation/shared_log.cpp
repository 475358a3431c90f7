#include "tests/simulation/shared_log.hpp"

#include <algorithm>

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

bus::Appended SharedLog::append(std::span<const bus::Event> events) {
    bus::Appended appended;
    const bus::Duration now = clock_.passed();
    for (const bus::Event& event : events) {
        const auto [at, is_new] = known_.try_emplace(event.id, Known{last() + 1, now});
        Known& known = at->second;
        const bool is_forgotten = !is_new && now - known.at > remembers_ids_for_;
        if (is_forgotten) known = {last() + 1, now};
        if (is_new || is_forgotten) {
            events_.push_back(event);
            stamps_.push_back(now);
        }
        appended.positions.push_back(known.position);
    }
    if (on_append) on_append();
    return appended;
}

void SharedLog::append_late(std::span<const bus::Event> events, bus::Duration after) {
    if (events.empty()) return;
    under_way_.emplace(clock_.passed() + after,
                       std::vector<bus::Event>(events.begin(), events.end()));
}

void SharedLog::land() {
    while (!under_way_.empty() && under_way_.begin()->first <= clock_.passed()) {
        const auto events = std::move(under_way_.begin()->second);
        under_way_.erase(under_way_.begin());
        append(events);
    }
}

std::optional<bus::Duration> SharedLog::next_landing() const {
    if (under_way_.empty()) return {};
    return under_way_.begin()->first;
}

void SharedLog::lose_leader(bus::Duration lasts) {
    leaderless_until_ = std::max(leaderless_until_, clock_.passed() + lasts);
    for (auto& [at, events] : under_way_) {
        events.resize(static_cast<std::size_t>(random_.between(0, std::ssize(events))));
    }
}

void SharedLog::lose_last(bus::Duration time) {
    under_way_.clear();
    while (events_.size() > 1 && stamps_.back() > clock_.passed() - time) {
        known_.erase(events_.back().id);
        events_.pop_back();
        stamps_.pop_back();
    }
}

bus::Batch SharedLog::read(bus::Position after, std::size_t max) const {
    bus::Batch batch;
    const std::size_t count = after >= last() ? 0 : std::min<std::size_t>(max, last() - after);
    batch.reserve(count);
    for (bus::Position position = after + 1; position <= after + count; ++position) {
        batch.push_back({.position = position, .event = events_[position - 1]});
    }
    return batch;
}

void LogWay::lag_at_most(bus::Duration lag) {
    lag_max_ = lag;
    if (lag > bus::Duration::zero()) return;
    for (bus::Duration& from : visible_from_) from = std::min(from, clock_.passed());
}

void LogWay::forget_lost() {
    visible_from_.resize(std::min<std::size_t>(visible_from_.size(), log_.last()));
    seen_ = std::min<bus::Position>(seen_, log_.last());
}

bus::Duration LogWay::note_written() {
    bus::Duration from = clock_.passed() + random_.between(bus::Duration(0), lag_max_);
    if (!visible_from_.empty()) from = std::max(from, visible_from_.back());
    visible_from_.resize(log_.last(), from);
    return from;
}

bus::Result<bus::Appended, bus::AppendError> LogWay::append(std::span<const bus::Event> events) {
    trouble_.clear();
    if (state_ == State::cut || state_ == State::mute) {
        // A client keeps what it could not send, and sends it when the way is there again.
        const bus::Duration long_time = random_.coin() ? minutes(1) : minutes(10);
        if (random_.coin())
            log_.append_late(some_of(events), random_.between(bus::Duration(10), long_time));
        return fail("the simulated log is away");
    }
    if (!log_.has_leader()) {
        if (random_.coin())
            log_.append_late(some_of(events), random_.between(bus::Duration(10), seconds(15)));
        return fail("the simulated stream has no leader");
    }
    if (random_.happens(late_ppm_)) {
        const bus::Duration long_time = random_.coin() ? seconds(10) : minutes(10);
        log_.append_late(some_of(events), random_.between(bus::Duration(10), long_time));
        return fail("the simulated log did not answer in time");
    }
    if (state_ == State::deaf || random_.happens(unknown_ppm_)) {
        log_.append(some_of(events));
        return fail("the simulated answer was lost");
    }
    return log_.append(events);
}

bus::Result<bus::Batch, bus::ReadError> LogWay::read(bus::Position after, std::size_t max) {
    trouble_.clear();
    if (!readable()) {
        trouble_ = "the simulated log is away";
        return bus::ReadError::unavailable;
    }
    while (seen_ < visible_from_.size() && visible_from_[seen_] <= clock_.passed()) ++seen_;
    if (after > log_.last()) return bus::ReadError::damaged;
    if (after >= seen_) return bus::Batch{};
    return log_.read(after, std::min<std::size_t>(max, seen_ - after));
}

bus::Result<bus::Position, bus::ReadError> LogWay::last() {
    if (readable()) return log_.last();
    trouble_ = "the simulated log is away";
    return bus::ReadError::unavailable;
}

}  // namespace ringrift::simulation
