#include "ops/http/event_source.hpp"

#include <algorithm>

namespace ringrift::ops::http {

bool fits(const bus::EventFilter& filter, const bus::Event& event) {
    return (filter.type.empty() || filter.type == bus::type_of(event)) &&
           (filter.noun.empty() || filter.noun == bus::noun_of(event)) &&
           (filter.about.empty() || filter.about == bus::about(event));
}

bus::Result<bus::Batch, bus::ReadError> LogSource::read(bus::Position after,
                                                        std::size_t count_max) {
    return log_.read(after, count_max);
}

bus::Result<bus::Position, bus::ReadError> LogSource::last() {
    return log_.last();
}

bus::Result<EventPage, bus::ReadError> LogSource::read_fitting(const bus::EventFilter& filter,
                                                               bus::Position after,
                                                               std::size_t count_max) {
    constexpr std::size_t batch_max = 1000;
    EventPage page = {.through = after};
    std::size_t looked_at = 0;
    while (looked_at < events_per_page_scan_max) {
        auto batch = log_.read(page.through, batch_max);
        if (!batch) return batch.error();
        for (bus::Recorded& recorded : *batch) {
            if (page.events.size() == count_max) return page;
            page.through = recorded.position;
            if (fits(filter, recorded.event)) page.events.push_back(std::move(recorded));
        }
        looked_at += batch->size();
        if (batch->size() < batch_max) break;
    }
    return page;
}

bus::Result<bus::Batch, bus::ReadError> SqliteSource::read(bus::Position after,
                                                           std::size_t count_max) {
    return reader_.read(after, count_max);
}

bus::Result<bus::Position, bus::ReadError> SqliteSource::last() {
    return reader_.last();
}

bus::Result<EventPage, bus::ReadError> SqliteSource::read_fitting(const bus::EventFilter& filter,
                                                                  bus::Position after,
                                                                  std::size_t count_max) {
    const auto end = reader_.last();  // Asked first: what is appended meanwhile
                                      // belongs to the next page.
    if (!end) return end.error();
    auto events = reader_.read_filtered(after, filter, count_max);
    if (!events) return events.error();
    EventPage page = {.events = std::move(*events), .through = std::max(after, *end)};
    if (page.events.size() == count_max)
        page.through = page.events.back().position;
    else if (!page.events.empty())
        page.through = std::max(page.through, page.events.back().position);
    return page;
}

}  // namespace ringrift::ops::http
