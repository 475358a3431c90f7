#pragma once

// Rating games, and what the ratings were when they were last worked out.

#include <array>
#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// The score between two of a match's players. Three and four players enter pair by pair.
struct PairScore {
    ModelId first = {};
    ModelId second = {};
    std::int64_t wins = 0;  ///< Of `first`.
    std::int64_t draws = 0;
    std::int64_t losses = 0;
    friend bool operator==(const PairScore&, const PairScore&) = default;
};
BOOST_DESCRIBE_STRUCT(PairScore, (), (first, second, wins, draws, losses))

/// Rating games were played. Gating games are not here: they would flatter whoever passed.
struct MatchPlayed {
    static constexpr EventInfo info = {"MATCH_PLAYED", Noun::ratings};
    std::string match = {};  ///< Id; the same match is counted once.
    ConfigKey config = {};
    WorkId work = {};
    std::int64_t games = 0;  ///< At least 1.
    std::vector<PairScore> scores = {};
    static constexpr std::array may_be_missing = {"work"};  ///< From outside.
    std::string_view about() const { return match; }
    friend bool operator==(const MatchPlayed&, const MatchPlayed&) = default;
};
BOOST_DESCRIBE_STRUCT(MatchPlayed, (), (match, config, work, games, scores))

struct TournamentCompleted {
    static constexpr EventInfo info = {"TOURNAMENT_COMPLETED", Noun::ratings, Authority::leader};
    std::string tournament = {};
    ConfigKey config = {};
    ModelId model = {};  ///< Whom it was held for.
    std::int64_t games = 0;
    std::string_view about() const { return tournament; }
    friend bool operator==(const TournamentCompleted&, const TournamentCompleted&) = default;
};
BOOST_DESCRIBE_STRUCT(TournamentCompleted, (), (tournament, config, model, games))

struct EloUpdated {
    static constexpr EventInfo info = {"ELO_UPDATED", Noun::ratings, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    std::int64_t elo_milli = 0;      ///< `init` is 0.
    std::int64_t error95_milli = 0;  ///< Half the width of the 95 % interval.
    std::int64_t games = 0;
    std::string_view about() const { return model.value; }
    friend bool operator==(const EloUpdated&, const EloUpdated&) = default;
};
BOOST_DESCRIBE_STRUCT(EloUpdated, (), (config, model, elo_milli, error95_milli, games))

}  // namespace ringrift::bus
