// What a refusal says: the same check in both versions of Catch2, whose matchers differ in name.
#pragma once

#include <string>
#include <string_view>

#include "ops/workloads/hex/failure.hpp"

namespace ringrift::hex {

/// The sentence of the Failure that `action` throws; "no refusal" if it throws none.
template <class Action>
std::string refusal_of(Action action) {
    try {
        action();
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "no refusal";
}

inline bool mentions(std::string_view sentence, std::string_view part) {
    return sentence.find(part) != std::string_view::npos;
}

}  // namespace ringrift::hex
