#include "tests/simulation/faulty_log.hpp"

#include <algorithm>

namespace ringrift::simulation {

void LaggingLog::lag_at_most(bus::Duration lag) {
    lag_max_ = lag;
    if (lag > bus::Duration::zero()) return;
    for (bus::Duration& from : visible_from_) from = std::min(from, clock_.passed());
}

bus::Result<bus::Appended, bus::AppendError> LaggingLog::append(
    std::span<const bus::Event> events) {
    auto appended = inner_.append(events);
    const auto last = inner_.last();
    bus::Duration from = clock_.passed() + random_.between(bus::Duration(0), lag_max_);
    if (!visible_from_.empty()) from = std::max(from, visible_from_.back());
    if (last) visible_from_.resize(*last, from);
    return appended;
}

bus::Position LaggingLog::visible() {
    while (seen_ < visible_from_.size() && visible_from_[seen_] <= clock_.passed()) ++seen_;
    return seen_;
}

bus::Result<bus::Batch, bus::ReadError> LaggingLog::read(bus::Position after, std::size_t max) {
    const bus::Position end = visible();
    if (after >= end) return bus::Batch{};
    return inner_.read(after, std::min<std::size_t>(max, end - after));
}

bus::Result<bus::Appended, bus::AppendError> OutageLog::append(std::span<const bus::Event> events) {
    if (state_ == State::away) return bus::AppendError::unavailable;
    if (state_ == State::full) return bus::AppendError::full;
    return inner_.append(events);
}

bus::Result<bus::Batch, bus::ReadError> OutageLog::read(bus::Position after, std::size_t max) {
    if (state_ == State::away) return bus::ReadError::unavailable;
    return inner_.read(after, max);
}

bus::Result<bus::Position, bus::ReadError> OutageLog::last() {
    if (state_ == State::away) return bus::ReadError::unavailable;
    return inner_.last();
}

std::string OutageLog::trouble() const {
    switch (state_) {
        case State::fine: return inner_.trouble();
        case State::away: return "the simulated log is away";
        case State::full: return "the simulated disk is full";
    }
    return {};
}

bus::Result<bus::Appended, bus::AppendError> UnknownAppendLog::append(
    std::span<const bus::Event> events) {
    lost_ = random_.happens(ppm_);
    if (!lost_) return inner_.append(events);
    const auto written = static_cast<std::size_t>(random_.between(0, std::ssize(events)));
    if (written > 0) {
        const auto appended = inner_.append(events.first(written));
        if (!appended) return appended;
    }
    return bus::AppendError::unavailable;
}

std::string UnknownAppendLog::trouble() const {
    return lost_ ? "the simulated answer was lost" : inner_.trouble();
}

bus::Result<bus::Appended, bus::AppendError> CrashingLog::append(
    std::span<const bus::Event> events) {
    if (fuse_.is_burnt()) return bus::AppendError::unavailable;
    const std::int64_t count = std::ssize(events);
    const std::int64_t written = fuse_.take(count);
    if (written == 0) return bus::AppendError::unavailable;
    auto appended = inner_.append(events.first(static_cast<std::size_t>(written)));
    if (written < count) return bus::AppendError::unavailable;
    return appended;
}

void WitnessLog::forget_lost(const bus::Batch& left) {
    std::map<bus::EventId, bus::Position> seen;
    for (const bus::Recorded& recorded : left) {
        const auto at = seen_.find(recorded.event.id);
        if (at != seen_.end()) seen.insert(*at);
    }
    seen_ = std::move(seen);
    doubtful_.clear();
    std::erase_if(said_again_, [&](bus::Position position) { return position > left.size(); });
}

bus::Result<bus::Appended, bus::AppendError> WitnessLog::append(
    std::span<const bus::Event> events) {
    const bus::Position folded = folded_();
    for (const bus::Event& event : events) seen_.try_emplace(event.id, folded);
    auto appended = inner_.append(events);
    for (std::size_t n = 0; n < events.size(); ++n) {
        // Who got no answer may say it again, and once it is answered that is over.
        if (!appended) doubtful_.insert(events[n].id);
        const bool may = !appended || doubtful_.erase(events[n].id) > 0;
        if (!may && appended->positions[n] <= folded) said_again_.push_back(appended->positions[n]);
    }
    return appended;
}

}  // namespace ringrift::simulation
