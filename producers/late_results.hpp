#pragma once

// What becomes of a result whose claim is gone: its lease expired, another node runs the item, or
// it has ended. Data are facts whoever made them; conclusions are only the claim holder's to draw.

#include "bus/events/work_events.hpp"

namespace ringrift::producers {

enum class LateResult {
    drop,  ///< The item is run again; two results of it would contradict each other.
    keep   ///< The games are recorded as data; the item itself is run again all the same.
};

constexpr LateResult late_result_of(bus::WorkType type) {
    switch (type) {
        case bus::WorkType::selfplay: return LateResult::keep;
        case bus::WorkType::export_:
        case bus::WorkType::training:
        case bus::WorkType::evaluation:
        case bus::WorkType::tournament:
        case bus::WorkType::sync: return LateResult::drop;
    }
    return LateResult::drop;
}

}  // namespace ringrift::producers
