#pragma once

// What the API reads the log through: a reader of its own, so that no answer
// waits for the node.
//
// Called on the API's thread only.

#include "bus/log.hpp"
#include "bus/sqlite_reader.hpp"

namespace ringrift::ops::http {

bool fits(const bus::EventFilter& filter, const bus::Event& event);

struct EventPage {
    bus::Batch events = {};
    bus::Position through = 0;  ///< Every event up to here was looked at.
};

class EventSource {
  public:
    virtual ~EventSource() = default;

    /// As bus::Log::read.
    virtual bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                         std::size_t count_max) = 0;

    /// Up to `count_max` events after `after` that fit, oldest first. Looks at a
    /// bounded number, so a page may be empty before the end of the log: go on
    /// from `through`.
    virtual bus::Result<EventPage, bus::ReadError> read_fitting(const bus::EventFilter& filter,
                                                                bus::Position after,
                                                                std::size_t count_max) = 0;

    virtual bus::Result<bus::Position, bus::ReadError> last() = 0;
};

/// Filters by reading everything. The log must allow reads on the API's thread.
class LogSource final : public EventSource {
  public:
    explicit LogSource(bus::Log& log) : log_(log) {}
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override;
    bus::Result<EventPage, bus::ReadError> read_fitting(const bus::EventFilter& filter,
                                                        bus::Position after,
                                                        std::size_t count_max) override;
    bus::Result<bus::Position, bus::ReadError> last() override;

  private:
    bus::Log& log_;
};

/// Over the embedded log: filters by its indices.
class SqliteSource final : public EventSource {
  public:
    explicit SqliteSource(bus::SqliteReader& reader) : reader_(reader) {}
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override;
    bus::Result<EventPage, bus::ReadError> read_fitting(const bus::EventFilter& filter,
                                                        bus::Position after,
                                                        std::size_t count_max) override;
    bus::Result<bus::Position, bus::ReadError> last() override;

  private:
    bus::SqliteReader& reader_;
};

/// Looked at for one page, so that a rare type cannot keep the API's thread.
inline constexpr std::size_t events_per_page_scan_max = 20'000;

}  // namespace ringrift::ops::http
