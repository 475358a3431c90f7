#include "tests/simulation/simulation.hpp"

#include <chrono>
#include <csignal>
#include <cstring>
#include <limits>
#include <sstream>

#include <unistd.h>

#include "bus/codec.hpp"
#include "producers/digest.hpp"
#include "tests/simulation/properties.hpp"

namespace ringrift::simulation {
namespace {

/// Of each property, so that one bug does not fill the screen.
constexpr std::size_t shown_max = 3;

std::string command_for(const SimulationOptions& options) {
    return "ringrift sim --seed " + std::to_string(options.seed) + " --nodes " +
           std::to_string(options.nodes) + " --hours " + std::to_string(options.hours);
}

/// A broken invariant in the product ends the process: then it must still say which seed it was.
class NamesSeedOnAbort {
  public:
    explicit NamesSeedOnAbort(const SimulationOptions& options) {
        const std::string text = "while running: " + command_for(options) + "\n";
        std::strncpy(running, text.c_str(), sizeof running - 1);
        former_ = std::signal(SIGABRT, [](int) {
            const auto written = ::write(STDERR_FILENO, running, std::strlen(running));
            std::signal(SIGABRT, SIG_DFL);
            if (written >= 0) std::abort();
        });
    }
    ~NamesSeedOnAbort() { std::signal(SIGABRT, former_); }
    NamesSeedOnAbort(const NamesSeedOnAbort&) = delete;
    NamesSeedOnAbort& operator=(const NamesSeedOnAbort&) = delete;

  private:
    static inline char running[200] = {};
    void (*former_)(int) = SIG_DFL;
};

Violations judge(Cluster& cluster, const History& history, const Ledger& ledger,
                 std::uint64_t seed) {
    projections::Folded<projections::ClusterView> folded;
    for (const bus::Recorded& recorded : history.events) folded.advance(recorded);
    const projections::ClusterView& view = folded.view;
    const bool live = cluster.node() && cluster.node()->position() == folded.position;
    Violations all;
    for (Violations found : {
             events_are_well_formed(history),
             fold_agrees_with_ledger(history, ledger, view),
             promotions_have_evidence(history, ledger),
             nothing_is_said_twice(history, ledger),
             rebuild_equals_live(history, live ? cluster.node()->view() : view,
                                 Random(seed, "cut")),
             work_comes_to_an_end(history, view),
             stages_lead_to_the_next(history, view),
             the_loop_turns_again(history, ledger),
             no_game_is_lost(cluster, view),
             programs_run_once_and_are_forgotten(cluster),
             the_node_is_well(cluster),
             nothing_known_is_said_again(history, cluster),
         }) {
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

std::string report_of(const Violations& violations, const History& history,
                      const SimulationOptions& options) {
    std::ostringstream text;
    std::map<std::string, std::size_t> shown;
    for (const Violation& violation : violations) {
        if (++shown[violation.property] > shown_max) continue;
        text << "violated: " << violation.property << '\n';
        if (!violation.what.empty()) text << "    " << violation.what << '\n';
        for (const bus::Position position : violation.events) {
            if (position == 0 || position > history.events.size()) continue;
            const auto passed =
                std::chrono::floor<std::chrono::seconds>(history.stamps[position - 1]);
            text << "    after " << passed.count() << " s: #" << history.events[position - 1]
                 << '\n';
        }
    }
    for (const auto& [property, count] : shown) {
        if (count > shown_max)
            text << "    and " << count - shown_max << " more: " << property << '\n';
    }
    if (!violations.empty()) text << "again: " << command_for(options) << " --trace\n";
    return text.str();
}

std::string digest_of(const History& history) {
    std::string digest;
    std::string text;
    for (const bus::Recorded& recorded : history.events) {
        text += bus::encode(recorded.event);
        text += '\n';
    }
    return producers::digest_of(text);
}

void count(SimulationResult& result, const History& history, const Ledger& ledger) {
    for (const bus::Recorded& recorded : history.events) {
        const std::string_view type = bus::type_of(recorded.event);
        result.claims += type == "WORK_CLAIMED" && ledger.holds(recorded.position);
        result.completed += type == "WORK_COMPLETED";
        result.exports += type == "NPZ_EXPORT_COMPLETE";
        result.trainings += type == "TRAINING_COMPLETED";
        result.evaluations += type == "EVALUATION_COMPLETED";
        result.promotions += type == "MODEL_PROMOTED";
        result.rejections += type == "PROMOTION_REJECTED";
        result.rollbacks += type == "MODEL_ROLLED_BACK";
    }
}

}  // namespace

SimulationResult simulate(const SimulationOptions& options, std::ostream* trace) {
    const NamesSeedOnAbort names_seed(options);
    Cluster cluster(options.seed, std::chrono::hours(options.hours), trace);
    cluster.run();
    History history = {.stamps = cluster.stamps(),
                       .healed = cluster.healed_at(),
                       .ended = cluster.clock().passed()};
    history.events = *cluster.log().read(0, std::numeric_limits<std::size_t>::max());
    for (const bus::Recorded& recorded : history.events) {
        history.seen.push_back(cluster.witness().seen_by_writer().at(recorded.event.id));
    }
    const Ledger ledger(history);
    const Violations violations = judge(cluster, history, ledger, options.seed);
    SimulationResult result = {.passed = violations.empty(),
                               .report = report_of(violations, history, options),
                               .digest = digest_of(history),
                               .events = static_cast<std::int64_t>(history.events.size()),
                               .starts = cluster.starts(),
                               .turns_judged = ledger.turns_judged()};
    count(result, history, ledger);
    return result;
}

int run_simulation(const SimulationOptions& options, std::ostream& out) {
    if (options.nodes != 1) {
        out << "ringrift sim: --nodes must be 1: several nodes need the cluster, not built yet\n";
        return 2;
    }
    if (options.hours < 3 || options.hours > 240) {
        out << "ringrift sim: --hours must be 3 to 240: the last 2.5 are without faults, and ten "
               "days are enough for all that is ever forgotten\n";
        return 2;
    }
    const SimulationResult result = simulate(options, options.trace ? &out : nullptr);
    out << "seed " << options.seed << ": " << options.hours << " h, " << result.events
        << " events, " << result.starts << " starts, " << result.completed << " items completed, "
        << result.exports << " exports, " << result.trainings << " trainings, "
        << result.evaluations << " evaluations, " << result.promotions << " promotions, "
        << result.rejections << " rejections, " << result.rollbacks << " rollbacks\n"
        << "events have the digest " << result.digest << '\n'
        << result.report << (result.passed ? "all properties hold\n" : "");
    return result.passed ? 0 : 1;
}

}  // namespace ringrift::simulation
