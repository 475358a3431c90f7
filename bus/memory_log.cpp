#include "bus/memory_log.hpp"

#include <algorithm>
#include <utility>

#include "bus/codec.hpp"

namespace ringrift::bus {
namespace {

bool is_too_large(const Event& event) {
    return encoded_bytes_at_most(event) > event_bytes_max && encode(event).size() > event_bytes_max;
}

}  // namespace

Result<Appended, AppendError> MemoryLog::append(std::span<const Event> events) {
    trouble_.clear();
    for (const Event& event : events) {
        if (event.id.empty()) {
            trouble_ = "an event has no id";
            return AppendError::refused;
        }
        if (is_too_large(event)) {
            trouble_ = "event " + event.id.value + " is larger than 1 MiB";
            return AppendError::too_large;
        }
    }
    Appended appended;
    const std::size_t before = events_.size();
    for (const Event& event : events) {
        const auto [known, is_new] = positions_.try_emplace(event.id, events_.size() + 1);
        if (is_new) events_.push_back(event);
        appended.positions.push_back(known->second);
    }
    if (events_.size() > before && wake_ && std::exchange(waits_, false)) wake_();
    return appended;
}

Result<Batch, ReadError> MemoryLog::read(Position after, std::size_t count_max) {
    trouble_.clear();
    waits_ = true;
    if (after > events_.size()) {
        trouble_ = "the log ends at event " + std::to_string(events_.size()) + ", before event " +
                   std::to_string(after) + " that was read from it";
        return ReadError::damaged;
    }
    const std::size_t count = std::min<std::size_t>(count_max, events_.size() - after);
    Batch batch;
    batch.reserve(count);
    for (Position position = after + 1; position <= after + count; ++position) {
        batch.push_back({.position = position, .event = events_[position - 1]});
    }
    return batch;
}

}  // namespace ringrift::bus
