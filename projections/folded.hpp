#pragma once

// A view and how far into the log it has come.
//
// Delivery is at least once and a fold is not idempotent, so the position decides: an event at or
// before `position` has been folded already and is skipped. A gap is a bug of the log and aborts:
// nobody may go on from a history with a hole in it.

#include "bus/check.hpp"
#include "bus/event.hpp"
#include "bus/log.hpp"

namespace ringrift::projections {

template <class View>
struct Folded {
    View view = {};
    bus::Position position = 0;

    void advance(const bus::Recorded& recorded) {
        if (recorded.position <= position) return;
        RINGRIFT_CHECK(recorded.position == position + 1);
        apply(view, recorded);
        position = recorded.position;
    }
    friend bool operator==(const Folded&, const Folded&) = default;
};

/// Folds at most `count_max` events that are new. The number folded; 0 means up to date.
template <class View>
bus::Result<std::size_t, bus::ReadError> catch_up(Folded<View>& folded, bus::Log& log,
                                                  std::size_t count_max) {
    auto batch = log.read(folded.position, count_max);
    if (!batch) return batch.error();
    for (const bus::Recorded& recorded : *batch) folded.advance(recorded);
    return batch->size();
}

}  // namespace ringrift::projections
