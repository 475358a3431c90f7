#pragma once

// The few sentences that every decider says: a refusal, one fact, and whether this node leads.
//
// Pure functions; any thread.

#include <string>
#include <string_view>
#include <utility>

#include "producers/command.hpp"

namespace ringrift::producers {

inline Refusal refuse(Refusal::Kind kind, std::string sentence) {
    return {.kind = kind, .sentence = std::move(sentence)};
}

inline Decision say(Draft draft) {
    std::vector<Draft> drafts;
    drafts.push_back(std::move(draft));
    return drafts;
}

/// By the record, and by what the node knows of itself (projections/host_view.hpp).
inline bool leads(const Sight& sight) {
    return sight.host.may_lead && projections::role_of(sight.cluster.leadership, sight.host.self) ==
                                      projections::Role::leader;
}

inline Refusal not_the_leader(const Sight& sight) {
    const bus::NodeId& leader = sight.cluster.leadership.leader;
    if (leader.empty() || leader == sight.host.self)
        return refuse(Refusal::Kind::not_leader, "nobody leads now; ask again later");
    return refuse(Refusal::Kind::not_leader, "only the leader may say this; ask " + leader.value);
}

/// `<about>:<what>` or `<about>:<what>:<n>`.
inline bus::EventId id_of(std::string_view about, std::string_view what) {
    std::string id;
    id.reserve(about.size() + what.size() + 1);
    return {id.append(about).append(":").append(what)};
}
template <class Number>
bus::EventId id_of(std::string_view about, std::string_view what, Number n) {
    return {id_of(about, what).value + ":" + std::to_string(n)};
}

}  // namespace ringrift::producers
