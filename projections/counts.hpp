#pragma once

// Which counts a fold believes. Events come from outside too, and a count in them may be any 64
// bits; none that is believed is larger than this, so that no sum of them overflows. Pure; any
// thread.

#include <algorithm>
#include <cstdint>

namespace ringrift::projections {

/// Nobody plays more games at once, or keeps more in one file.
inline constexpr std::int64_t games_at_once_max = 1'000'000'000;

inline bool is_count_of_games(std::int64_t games) {
    return games >= 0 && games <= games_at_once_max;
}

/// Each of them is.
template <class Counts>
bool are_counts_of_games(const Counts& counts) {
    return std::ranges::all_of(counts, is_count_of_games);
}

}  // namespace ringrift::projections
