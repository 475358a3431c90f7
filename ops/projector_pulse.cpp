// What the projector tells of itself: its pulse, its troubles, and whoever waits for them.

#include <spdlog/spdlog.h>

#include "ops/projector.hpp"
#include "ops/system_clock.hpp"

namespace ringrift::ops {
namespace {

using projections::Portion;
using Why = projections::PostgresTrouble::Why;

bool waits_for_a_person(Why why) {
    return why == Why::refused || why == Why::unfit || why == Why::rejected;
}

std::int64_t rows_in(const Portion& portion) {
    std::size_t rows = 0;
    for (const auto& change : portion.changes) rows += change.rows.size() + change.gone.size();
    return static_cast<std::int64_t>(rows);
}

}  // namespace

bool Projector::wait_for_end(bus::Duration at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [this] { return ended_; });
}

ProjectorPulse Projector::pulse() const {
    const std::lock_guard lock(mutex_);
    return pulse_;
}

std::optional<Projector::Trouble> Projector::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

bool Projector::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

bool Projector::wait_until_caught_up(bus::Position log_last, bus::Duration at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [&] { return ended_ || pulse_.position >= log_last; });
}

void Projector::note_good() {
    if (!said_.empty())
        spdlog::info("[P2P] Projector goes on position={}", projection_->position());
    said_.clear();
    reached_ = true;
    asked_at_ = wall_clock();
    const std::lock_guard lock(mutex_);
    pulse_.trouble.clear();
    pulse_.needs_a_person = false;
}

void Projector::note_state(std::string state) {
    const std::lock_guard lock(mutex_);
    pulse_.state = rebuilding_ ? "rebuilding" : std::move(state);
}

void Projector::note_log_end() {
    const auto last = log_.last();
    if (!last) return;
    const std::lock_guard lock(mutex_);
    pulse_.log_last = *last;
}

void Projector::note(const Trouble& trouble) {
    const bool needs_a_person = waits_for_a_person(trouble.why);
    if (trouble.sentence != said_) {
        said_ = trouble.sentence;
        const auto level = needs_a_person ? spdlog::level::err : spdlog::level::warn;
        spdlog::log(level, "[P2P] Projector waits: {}", trouble.sentence);
    }
    const std::lock_guard lock(mutex_);
    pulse_.state = "waiting";
    pulse_.connected = false;
    pulse_.trouble = trouble.sentence;
    pulse_.needs_a_person = needs_a_person;
    ++pulse_.troubles;
}

Projector::Trouble Projector::log_trouble() const {
    return {Why::unavailable, "the log cannot be read: " + log_.trouble()};
}

void Projector::note_written() {
    const bus::Position to = pending_.front().to;
    const auto events = static_cast<std::int64_t>(pending_.front().events.size());
    const std::int64_t rows = rows_in(pending_.front());
    pending_.pop_front();
    asked_at_ = wall_clock();
    note_state("writing");
    const std::lock_guard lock(mutex_);
    pulse_.position = to;
    pulse_.log_last = std::max(pulse_.log_last, to);
    pulse_.written_at = wall_clock();
    pulse_.events += events;
    pulse_.rows += rows;
    pulse_.rows_refused = projection_->refused();
    ++pulse_.portions;
    changed_.notify_all();
}

}  // namespace ringrift::ops
