#pragma once

// The log in memory: for tests and for the simulator. Nothing survives the object.
//
// Holds decoded events, so that a fold benchmark measures the fold. One thread.

#include <map>

#include "bus/log.hpp"

namespace ringrift::bus {

class MemoryLog final : public Log {
  public:
    Result<Appended, AppendError> append(std::span<const Event> events) override;
    Result<Batch, ReadError> read(Position after, std::size_t count_max) override;
    Result<Position, ReadError> last() override { return Position(events_.size()); }
    void on_news(std::function<void()> wake) override {
        wake_ = std::move(wake);
        waits_ = true;
    }
    std::string trouble() const override { return trouble_; }

  private:
    std::vector<Event> events_;
    std::map<EventId, Position> positions_;
    std::function<void()> wake_;
    bool waits_ = true;  ///< To be woken: nothing was told since the last read.
    std::string trouble_;
};

}  // namespace ringrift::bus
