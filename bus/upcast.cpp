#include "bus/upcast.hpp"

#include <algorithm>
#include <array>

namespace ringrift::bus {

namespace {

/// Version 2 says which data folder the node has, and where its files are to be had.
void node_joined_2(boost::json::object& data) {
    data.insert({{"instance", ""}, {"transfer_port", 0}, {"transfer_key", ""}});
}

/// Until version 2 an election named no voters; a list that is missing is empty.
void leave_as_it_is(boost::json::object&) {}

constexpr std::array table_of_all = {
    Upcast{.type = "NODE_JOINED", .from = 1, .apply = node_joined_2},
    Upcast{.type = "LEADER_ELECTED", .from = 1, .apply = leave_as_it_is},
};

}  // namespace

std::span<const Upcast> upcasts() {
    return table_of_all;
}

bool upcast(std::string_view type, int from, int to, boost::json::object& data,
            std::span<const Upcast> table, JsonProblem& problem) {
    const auto version = [](int number) { return "version " + std::to_string(number); };
    if (from > to) {
        problem.what = "is " + version(from) + ", newer than this program's " + std::to_string(to);
        return problem.within(std::string_view("dataversion"));
    }
    for (int at = from; at < to; ++at) {
        const auto step = std::ranges::find_if(
            table, [&](const Upcast& row) { return row.type == type && row.from == at; });
        if (step == table.end()) {
            problem.what = "is " + version(from) + ", and there is no way from " +
                           std::to_string(at) + " to " + std::to_string(at + 1);
            return problem.within(std::string_view("dataversion"));
        }
        step->apply(data);
    }
    return true;
}

}  // namespace ringrift::bus
