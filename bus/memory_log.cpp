#include "bus/memory_log.hpp"

#include <algorithm>

#include "bus/codec.hpp"

namespace ringrift::bus {

Result<Appended, AppendError> MemoryLog::append(std::span<const Event> events) {
    Appended appended;
    trouble_.clear();
    for (const Event& event : events) {
        if (encoded_bytes_at_most(event) > event_bytes_max && encode(event).size() > event_bytes_max) {
            trouble_ = "event " + event.id.value + " is larger than 1 MiB";
            return AppendError::too_large;
        }
        const auto [known, is_new] = positions_.try_emplace(event.id, events_.size() + 1);
        if (is_new) events_.push_back(event);
        appended.positions.push_back(known->second);
    }
    if (wake_ && !events.empty()) wake_();
    return appended;
}

Result<Batch, ReadError> MemoryLog::read(Position after, std::size_t count_max) {
    Batch batch;
    const auto end = std::min<Position>(events_.size(), after + count_max);
    for (Position position = after + 1; position <= end; ++position) {
        batch.push_back({.position = position, .event = events_[position - 1]});
    }
    return batch;
}

}  // namespace ringrift::bus
