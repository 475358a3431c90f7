#include "ops/did_you_mean.hpp"

#include <algorithm>
#include <numeric>

namespace ringrift::ops {
namespace {

constexpr std::size_t changes_max = 2;

/// Letters to add, drop or replace to make one word of the other (Levenshtein).
std::size_t changes_between(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known) {
    std::string_view nearest;
    std::size_t fewest = std::min(changes_max, word.size() / 2) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t changes = changes_between(word, candidate);
        if (changes >= fewest) continue;
        fewest = changes;
        nearest = candidate;
    }
    return nearest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
    const std::string_view nearest = nearest_word(word, known);
    return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace ringrift::ops
