#include "ops/heartbeat_wire.hpp"

#include <chrono>

#include "bus/monotonic.hpp"

namespace ringrift::ops {
namespace {

bus::Instant now() {
    return bus::Instant(
        std::chrono::floor<bus::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace

HeartbeatWire::HeartbeatWire(bus::Wire& wire, bus::Duration period)
    : wire_(wire), period_(period), turned_at_(now()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

HeartbeatWire::~HeartbeatWire() = default;

void HeartbeatWire::send(bus::Letter letter) {
    if (std::holds_alternative<bus::NodeHeartbeat>(letter.message)) {
        const std::lock_guard lock(mutex_);
        last_ = letter;
        spoken_at_ = now();
    }
    wire_.send(std::move(letter));
}

std::vector<bus::Letter> HeartbeatWire::take() {
    {
        const std::lock_guard lock(mutex_);
        turned_at_ = now();
    }
    return wire_.take();
}

std::int64_t HeartbeatWire::stood_in() const {
    const std::lock_guard lock(mutex_);
    return stood_in_;
}

void HeartbeatWire::run(const std::stop_token& stop) {
    // The node's own word goes first: it is late only when a good part of another period is over.
    const bus::Duration late = period_ + period_ / 4;
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        changed_.wait_for(lock, stop, period_ / 4, [] { return false; });
        const bus::Instant at = now();
        if (stop.stop_requested() || !last_ || at - spoken_at_ < late) continue;
        bus::Letter letter = *last_;
        std::get<bus::NodeHeartbeat>(letter.message).turn_age_ms = at - turned_at_;
        spoken_at_ = at;
        ++stood_in_;
        lock.unlock();
        wire_.send(std::move(letter));
        lock.lock();
    }
}

}  // namespace ringrift::ops
