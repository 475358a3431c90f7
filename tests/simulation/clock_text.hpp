#pragma once

// What has passed, for people: 03:07:12.250.

#include <iomanip>
#include <sstream>
#include <string>

#include "bus/time.hpp"

namespace ringrift::simulation {

inline std::string clock_text(bus::Duration passed) {
    const auto ms = passed.count();
    std::ostringstream text;
    text << std::setfill('0') << std::setw(2) << ms / 3'600'000 << ':' << std::setw(2)
         << ms / 60'000 % 60 << ':' << std::setw(2) << ms / 1'000 % 60 << '.' << std::setw(3)
         << ms % 1'000;
    return text.str();
}

}  // namespace ringrift::simulation
