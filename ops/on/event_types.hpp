#pragma once

// Which events a consumer is for: types by their names, those of the Python original too, and
// patterns such as `WORK_*`. Pure; any thread.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"

namespace ringrift::ops::on {

struct EventTypes {
    std::set<std::string> names = {};  ///< Canonical. Empty: all, unknown ones too.

    bool fit(std::string_view type) const {
        return names.empty() || names.contains(std::string(type));
    }
};

/// The error is a sentence that names near types.
bus::Result<EventTypes, std::string> types_of(const std::vector<std::string>& words);

/// `ringrift on TRAINING_COMPLETED,WORK_FAILED`: how a consumer says what it is for.
std::string purpose_of(const EventTypes& types);

/// The narrowest subject of NATS that all of them are said on: one type, or the types of one noun.
/// Empty where that is the whole log: a filter has to lie within one subject of the stream.
std::string subject_for(const EventTypes& types, std::string_view cluster);

}  // namespace ringrift::ops::on
