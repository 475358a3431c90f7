#pragma once

// What a loop is: a name, a period, where it runs, and one pure function that says what should be
// asked for now. It has no memory of its own: it compares what is with what should be, so a missed
// or repeated step only costs time. LoopManager runs those that are due.

#include <concepts>
#include <string>
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

/// A loop may also say why it has nothing to do on this machine. Empty when it has; else
/// LoopManager does not run it and lists it as disabled, with this sentence.
template <class L>
concept MayRest = Loop<L> && requires(const L& loop, const producers::Sight& sight) {
    { loop.why_rests(sight) } -> std::same_as<std::string>;
};

}  // namespace ringrift::consumers
