#include "producers/command.hpp"

#include <algorithm>
#include <map>

#include "producers/data.hpp"
#include "producers/drafting.hpp"
#include "producers/ingest.hpp"
#include "producers/leadership.hpp"
#include "producers/nodes.hpp"
#include "producers/outside.hpp"
#include "producers/ratings.hpp"
#include "producers/scaling.hpp"
#include "producers/training.hpp"
#include "producers/work.hpp"

namespace ringrift::producers {
namespace {

bool is_leaders(const bus::Fact& fact) {
    return std::visit(
        [](const auto& readable) {
            using Fact = std::decay_t<decltype(readable)>;
            if constexpr (!bus::is_readable<Fact>) {
                return false;
            } else {
                return Fact::info.authority == bus::Authority::leader;
            }
        },
        fact);
}

/// Said by whoever leads, with what a lease permits; not how a reign begins and ends.
bool takes_a_lease(const Draft& draft) {
    return is_leaders(draft.fact) && !std::holds_alternative<bus::LeaderElected>(draft.fact) &&
           !std::holds_alternative<bus::LeaderSteppedDown>(draft.fact);
}

}  // namespace

std::vector<Draft> in_reign(std::vector<Draft> drafts, bus::Epoch epoch) {
    const std::string reign = "@" + std::to_string(epoch);
    std::map<bus::EventId, bus::EventId> renamed;
    for (Draft& draft : drafts) {
        if (!is_leaders(draft.fact)) continue;
        const bus::EventId former = draft.id;
        draft.id.value = draft.id.value + reign;
        renamed.emplace(former, draft.id);
    }
    for (Draft& draft : drafts) {
        for (bus::EventId* link : {&draft.causation, &draft.correlation}) {
            const auto at = renamed.find(*link);
            if (at != renamed.end()) *link = at->second;
        }
    }
    return drafts;
}

Decision decide(const Sight& sight, const Command& command) {
    Decision decision =
        std::visit([&](const auto& asked) { return decide(sight, asked); }, command);
    if (auto* drafts = std::get_if<std::vector<Draft>>(&decision)) {
        // Loops of the leader may have been begun with a lease that is over by now.
        if (!leads(sight) && std::ranges::any_of(*drafts, takes_a_lease))
            return not_the_leader(sight);
        *drafts = in_reign(std::move(*drafts), sight.cluster.leadership.epoch);
    }
    return decision;
}

}  // namespace ringrift::producers
