#include "producers/ingest.hpp"

#include <string>
#include <type_traits>

namespace ringrift::producers {
namespace {

/// What a fact lacks to mean anything; empty when nothing. The folds would pass over it in silence.
std::string fault_of(const bus::Fact& fact) {
    return std::visit(bus::Overloaded{
                          [](const bus::GamesRecorded& e) -> std::string {
                              if (e.file.empty() || e.config.empty())
                                  return "name the file's digest and the config";
                              return e.games > 0 ? "" : "games must be at least 1";
                          },
                          [](const bus::NpzExportComplete& e) -> std::string {
                              if (e.file.empty() || e.config.empty())
                                  return "name the file's digest and the config";
                              return e.samples > 0 ? "" : "samples must be at least 1";
                          },
                          [](const bus::TrainingCompleted& e) -> std::string {
                              const bool named = !e.model.empty() && e.model != bus::init_model &&
                                                 !e.config.empty();
                              return named ? ""
                                           : "name the model by its file's digest, and the config";
                          },
                          [](const bus::MatchPlayed& e) -> std::string {
                              if (e.match.empty() || e.config.empty())
                                  return "name the match and the config";
                              return e.games > 0 && !e.scores.empty()
                                         ? ""
                                         : "games must be at least 1, with their scores";
                          },
                          [](const auto&) { return std::string(); },
                      },
                      fact);
}

}  // namespace

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
                const bool alert = std::is_same_v<Kind, bus::ResourceAlert> ||
                                   std::is_same_v<Kind, bus::AlertCleared>;
                return Kind::info.authority == bus::Authority::anybody && (about_results || alert);
            }
        },
        fact);
}

Decision decide(const Sight&, const IngestFact& command) {
    if (!may_be_ingested(command.fact)) {
        return Refusal{.kind = Refusal::Kind::invalid,
                       .sentence =
                           "this event is not taken from outside: send data, training or rating "
                           "facts, and add work through POST /work/add"};
    }
    if (const std::string fault = fault_of(command.fact); !fault.empty()) {
        return Refusal{.kind = Refusal::Kind::invalid,
                       .sentence = "the event shows nothing: " + fault};
    }
    return std::vector<Draft>{
        {.id = command.id, .causation = command.cause, .correlation = {}, .fact = command.fact}};
}

}  // namespace ringrift::producers
