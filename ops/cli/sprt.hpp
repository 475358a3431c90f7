#pragma once

// `ringrift elo sprt`: what the sequential test says of counts that somebody types in. No server.

#include <ostream>
#include <string>

#include "ops/exit_codes.hpp"
#include "projections/sprt.hpp"

namespace ringrift::ops::cli {

struct SprtQuestion {
    std::string pentanomial = {};  ///< LL,LD,DD+WL,WD,WW; one of the two is set.
    std::string trinomial = {};    ///< L,D,W
    projections::SprtConfig test = {};
    bool as_json = false;
};

/// Prints the answer; `usage` with a sentence when the question makes no sense.
Exit answer_sprt(const SprtQuestion& question, std::ostream& out);

}  // namespace ringrift::ops::cli
