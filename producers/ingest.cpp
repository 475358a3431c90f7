#include "producers/ingest.hpp"

#include <type_traits>

namespace ringrift::producers {

bool may_be_ingested(const bus::Fact& fact) {
    return std::visit(
        [](const auto& e) {
            using Kind = std::decay_t<decltype(e)>;
            if constexpr (!bus::is_readable<Kind>) {
                return false;
            } else {
                const bool about_results = Kind::info.noun == bus::Noun::data ||
                                           Kind::info.noun == bus::Noun::training ||
                                           Kind::info.noun == bus::Noun::ratings;
                const bool alert = std::is_same_v<Kind, bus::ResourceAlert> || std::is_same_v<Kind, bus::AlertCleared>;
                return Kind::info.authority == bus::Authority::anybody && (about_results || alert);
            }
        },
        fact);
}

Decision decide(const Sight&, const IngestFact& command) {
    if (!may_be_ingested(command.fact)) {
        return Refusal{.kind = Refusal::Kind::invalid,
                       .sentence = "this event is not taken from outside: send data, training or rating "
                                   "facts, and add work through POST /work/add"};
    }
    return std::vector<Draft>{{.id = command.id, .causation = {}, .correlation = {}, .fact = command.fact}};
}

}  // namespace ringrift::producers
