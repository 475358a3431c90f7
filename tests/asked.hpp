#pragma once

// What a loop asked for, by kind, for tests of loops.

#include <variant>
#include <vector>

#include "consumers/loop.hpp"

namespace ringrift::tests {

/// All commands of one kind, in their order.
template <class Command>
std::vector<Command> asked(const consumers::Commands& commands) {
    std::vector<Command> found;
    for (const producers::Command& command : commands) {
        if (const auto* one = std::get_if<Command>(&command)) found.push_back(*one);
    }
    return found;
}

/// Names of the works that the commands of one kind are about, in their order.
template <class Command>
std::vector<std::string> works(const consumers::Commands& commands) {
    std::vector<std::string> names;
    for (const Command& command : asked<Command>(commands)) names.push_back(command.work.value);
    return names;
}

/// Names of the nodes that the commands of one kind are about, in their order.
template <class Command>
std::vector<std::string> nodes(const consumers::Commands& commands) {
    std::vector<std::string> names;
    for (const Command& command : asked<Command>(commands)) names.push_back(command.node.value);
    return names;
}

}  // namespace ringrift::tests
