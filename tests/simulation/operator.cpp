#include "tests/simulation/operator.hpp"

namespace ringrift::simulation {

std::optional<ops::AdminRequest> draw_request(const ops::Node& node, Random& random) {
    ops::AdminRequest request = {.actor = "simulated operator"};
    const auto& items = node.view().work.items;
    if (!items.empty()) {
        const auto at = std::next(items.begin(), random.below(std::ssize(items)));
        request.parameters["work"] = at->first.value;
    }
    const auto& configs = node.view().leadership.config.configs;
    switch (random.below(7)) {
        case 0: request.action = "election/start"; break;
        case 1: request.action = "jobs/reset-stale"; break;
        case 2: request.action = "sync/trigger"; break;
        case 3: request.action = "work/cancel"; break;
        case 4: request.action = "work/unpark"; break;
        case 5:
            request.action = "ingest";
            request.parameters["type"] = "sync_completed";
            request.body = R"({"config":"hex4_2p","games":1000000})";
            break;
        default:
            if (configs.empty()) return {};
            request.action = "work/add";
            request.body =
                R"({"type":"selfplay","config":")" + configs.front().config.value + R"("})";
    }
    return request;
}

}  // namespace ringrift::simulation
