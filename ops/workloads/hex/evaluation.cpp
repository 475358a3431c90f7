#include "ops/workloads/hex/evaluation.hpp"

namespace ringrift::hex {

std::size_t pair_outcome(Side winner_when_first, Side winner_when_second) {
    const std::size_t wins = (winner_when_first == Side::first ? 1U : 0U) +
                             (winner_when_second == Side::second ? 1U : 0U);
    return 2 * wins;
}

MatchReport play_match(const Network& candidate, const Network& baseline,
                       const MatchOptions& options, std::uint64_t seed,
                       const std::function<void(int, int)>& on_game) {
    const Config config = candidate.config;
    const SearchOptions search{.simulations = options.simulations};
    Search ours(candidate, search);
    Search theirs(baseline, search);
    Random random(seed);
    MatchReport report;
    for (const auto& opening : random_openings(config, options.pairs, seed)) {
        std::array<Side, 2> winners = {};
        for (std::size_t game = 0; game < 2; ++game) {
            Search& first = game == 0 ? ours : theirs;
            Search& second = game == 0 ? theirs : ours;
            GameRecord record = play_match_game(first, second, config, opening, random);
            record.seed = seed;
            record.game = static_cast<int>(report.games.size());
            winners[game] = record.winner;
            report.games.push_back(std::move(record));
            on_game(static_cast<int>(report.games.size()), 2 * options.pairs);
        }
        ++report.pentanomial[pair_outcome(winners[0], winners[1])];
    }
    return report;
}

}  // namespace ringrift::hex
