// What a match left behind, as counts: the results of single games, or of pairs of games.
//
// A pair is two games from the same opening with the seats swapped; its score is 0, 1/2, 1, 3/2
// or 2. Pairs are worth more than their games counted singly, because the advantage that an opening
// gives cancels out within a pair. Written by whoever folds match results; read by
// projections/sprt.hpp and projections/elo_estimate.hpp. Plain values; the functions are pure and
// callable from any thread.

#pragma once

#include <cstdint>

namespace ringrift::projections {

/// Counts of single games, seen from the candidate.
struct Trinomial {
    std::int64_t losses = 0;
    std::int64_t draws = 0;
    std::int64_t wins = 0;

    bool operator==(const Trinomial&) const = default;
};

/// Counts of pairs of games, seen from the candidate; fishtest prints them as `Ptnml(0-2)`.
struct Pentanomial {
    std::int64_t loss_loss = 0;
    std::int64_t loss_draw = 0;
    std::int64_t draw_draw_or_win_loss = 0;
    std::int64_t win_draw = 0;
    std::int64_t win_win = 0;

    bool operator==(const Pentanomial&) const = default;
};

/// The most games (or pairs) of one match. Up to here a `double` holds every count exactly and one
/// result in a thousand, which an empty slot is taken for, is still seen beside the rest.
inline constexpr std::int64_t match_results_max = 1'000'000'000'000;

/// Why counts cannot be used.
enum class CountsProblem {
    none,
    negative,  ///< A count is below zero.
    too_many,  ///< The sum is above `match_results_max`, or does not fit 64 bits.
};

[[nodiscard]] CountsProblem problem_of(const Trinomial& counts);
[[nodiscard]] CountsProblem problem_of(const Pentanomial& counts);

/// The sum of the counts: games of a trinomial, pairs of a pentanomial.
/// REQUIRES: problem_of(counts) == CountsProblem::none.
[[nodiscard]] std::int64_t results_in(const Trinomial& counts);
[[nodiscard]] std::int64_t results_in(const Pentanomial& counts);

/// The same match seen from the other side.
[[nodiscard]] Trinomial swapped(const Trinomial& counts);
[[nodiscard]] Pentanomial swapped(const Pentanomial& counts);

}  // namespace ringrift::projections
