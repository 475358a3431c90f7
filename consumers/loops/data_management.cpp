#include "consumers/loops/data_management.hpp"

#include <algorithm>
#include <iterator>

namespace ringrift::consumers {

Commands DataManagement::step(const producers::Sight& sight) const {
    Commands commands = planner.step(sight);
    std::ranges::move(coordinator.step(sight), std::back_inserter(commands));
    return commands;
}

}  // namespace ringrift::consumers
