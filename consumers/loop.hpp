#pragma once

// What a loop is: a name, a period, where it runs, and one pure function that says what should be
// asked for now. It has no memory of its own: it compares what is with what should be, so a missed
// or repeated step only costs time. LoopManager runs those that are due.

#include <concepts>
#include <string_view>
#include <vector>

#include "bus/time.hpp"
#include "producers/command.hpp"

namespace ringrift::consumers {

enum class RunsOn { leader, every_node };

using Commands = std::vector<producers::Command>;

template <class L>
concept Loop = requires(const L& loop, const producers::Sight& sight) {
    { L::name } -> std::convertible_to<std::string_view>;
    { L::period } -> std::convertible_to<bus::Duration>;
    { L::runs_on } -> std::convertible_to<RunsOn>;
    { loop.step(sight) } -> std::same_as<Commands>;
};

}  // namespace ringrift::consumers
