#include "ops/cli/sprt.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include <boost/json.hpp>

#include "ops/cli/table.hpp"
#include "projections/elo_estimate.hpp"

namespace ringrift::ops::cli {
namespace {

using namespace projections;

std::optional<std::vector<std::int64_t>> counts_from(const std::string& text, std::size_t count) {
    std::vector<std::int64_t> counts;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        std::int64_t value = 0;
        const auto [rest, error] = std::from_chars(at, end, value);
        if (error != std::errc()) return {};
        counts.push_back(value);
        if (rest == end) break;
        if (*rest != ',') return {};
        at = rest + 1;
    }
    if (counts.size() != count) return {};
    return counts;
}

std::string sentence_of(SprtProblem problem) {
    switch (problem) {
        case SprtProblem::none: return {};
        case SprtProblem::count_negative: return "A count is below zero.";
        case SprtProblem::too_many_results: return "There are more results than a test can hold.";
        case SprtProblem::elo_out_of_range:
            return "--elo0 and --elo1 must lie between -1000 and 1000.";
        case SprtProblem::elo_not_ascending: return "--elo1 must be above --elo0.";
        case SprtProblem::error_rate_out_of_range:
            return "--alpha and --beta must lie between 0 and 0.5.";
    }
    return {};
}

std::string_view name_of(SprtVerdict verdict) {
    switch (verdict) {
        case SprtVerdict::continue_testing: return "undecided";
        case SprtVerdict::accept_h0: return "accept_h0";
        case SprtVerdict::accept_h1: return "accept_h1";
    }
    return {};
}

std::string interval_text(const EloInterval& interval) {
    return number_text(interval.elo, 2) + "  [" + number_text(interval.low, 2) + ", " +
           number_text(interval.high, 2) + "]";
}

boost::json::object interval_json(const EloInterval& interval) {
    return {{"elo", interval.elo}, {"low", interval.low}, {"high", interval.high}};
}

void print(const SprtQuestion& question, const SprtStatus& status, const EloEstimate& estimate,
           std::ostream& out) {
    const bool normalized = question.test.model == EloModel::normalized;
    if (question.as_json) {
        out << boost::json::serialize(
                   boost::json::object{{"verdict", name_of(status.verdict)},
                                       {"llr", status.llr},
                                       {"lower", status.lower},
                                       {"upper", status.upper},
                                       {"elo0", question.test.elo0},
                                       {"elo1", question.test.elo1},
                                       {"model", normalized ? "normalized" : "logistic"},
                                       {"games", estimate.games},
                                       {"score", estimate.score},
                                       {"logistic", interval_json(estimate.logistic)},
                                       {"normalized", interval_json(estimate.normalized)},
                                       {"los", estimate.superiority}})
            << "\n";
        return;
    }
    const std::string verdict = status.verdict == SprtVerdict::accept_h1 ? "H1 accepted: stronger"
                                : status.verdict == SprtVerdict::accept_h0
                                    ? "H0 accepted: not stronger"
                                    : "undecided: play on";
    out << "LLR         " << number_text(status.llr, 2) << "  (" << number_text(status.lower, 2)
        << ", " << number_text(status.upper, 2) << ")  [" << number_text(question.test.elo0, 2)
        << ", " << number_text(question.test.elo1, 2) << "] "
        << (normalized ? "normalized" : "logistic") << " Elo\n"
        << "verdict     " << verdict << "\n"
        << "Elo         " << interval_text(estimate.logistic) << "  95 %\n"
        << "normalized  " << interval_text(estimate.normalized) << "  95 %\n"
        << "LOS         " << number_text(100 * estimate.superiority, 1) << " %\n"
        << "games       " << count_text(estimate.games) << ", score "
        << number_text(100 * estimate.score, 2) << " %\n";
}

}  // namespace

Exit answer_sprt(const SprtQuestion& question, std::ostream& out) {
    SprtStatus status;
    EloEstimate estimate;
    if (!question.pentanomial.empty()) {
        const auto c = counts_from(question.pentanomial, 5);
        if (!c)
            return {
                ExitCode::usage,
                "--pentanomial takes five counts of pairs, LL,LD,DD+WL,WD,WW, e.g. 2,15,40,22,5."};
        const Pentanomial pairs = {(*c)[0], (*c)[1], (*c)[2], (*c)[3], (*c)[4]};
        status = sprt_status(pairs, question.test);
        estimate = estimate_elo(pairs);
    } else {
        const auto c = counts_from(question.trinomial, 3);
        if (!c)
            return {ExitCode::usage,
                    "--trinomial takes three counts of games, L,D,W, e.g. 40,100,60."};
        const Trinomial games = {(*c)[0], (*c)[1], (*c)[2]};
        status = sprt_status(games, question.test);
        estimate = estimate_elo(games);
    }
    if (status.problem != SprtProblem::none) return {ExitCode::usage, sentence_of(status.problem)};
    print(question, status, estimate, out);
    return {ExitCode::ok, {}};
}

}  // namespace ringrift::ops::cli
