#include "projections/match_counts.hpp"

#include <initializer_list>

namespace ringrift::projections {
namespace {

CountsProblem problem_of_all(std::initializer_list<std::int64_t> counts) {
    std::int64_t room = match_results_max;
    for (const std::int64_t count : counts) {
        if (count < 0) return CountsProblem::negative;
    }
    for (const std::int64_t count : counts) {
        if (count > room) return CountsProblem::too_many;
        room -= count;
    }
    return CountsProblem::none;
}

}  // namespace

CountsProblem problem_of(const Trinomial& counts) {
    return problem_of_all({counts.losses, counts.draws, counts.wins});
}

CountsProblem problem_of(const Pentanomial& counts) {
    return problem_of_all({counts.loss_loss, counts.loss_draw, counts.draw_draw_or_win_loss,
                           counts.win_draw, counts.win_win});
}

std::int64_t results_in(const Trinomial& counts) {
    return counts.losses + counts.draws + counts.wins;
}

std::int64_t results_in(const Pentanomial& counts) {
    return counts.loss_loss + counts.loss_draw + counts.draw_draw_or_win_loss + counts.win_draw +
           counts.win_win;
}

Trinomial swapped(const Trinomial& counts) {
    return {.losses = counts.wins, .draws = counts.draws, .wins = counts.losses};
}

Pentanomial swapped(const Pentanomial& counts) {
    return {.loss_loss = counts.win_win,
            .loss_draw = counts.win_draw,
            .draw_draw_or_win_loss = counts.draw_draw_or_win_loss,
            .win_draw = counts.loss_draw,
            .win_win = counts.loss_loss};
}

}  // namespace ringrift::projections
