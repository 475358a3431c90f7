#include "tests/simulation/simulation.hpp"

#include <chrono>
#include <csignal>
#include <cstring>
#include <limits>
#include <sstream>

#include <unistd.h>

#include "bus/codec.hpp"
#include "producers/digest.hpp"
#include "tests/simulation/files_ledger.hpp"
#include "tests/simulation/properties_many.hpp"

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

void add(Violations& all, Violations found) {
    all.insert(all.end(), found.begin(), found.end());
}

/// What is asked of one node and of many.
Violations judge_log(const History& history, const Ledger& ledger,
                     const projections::ClusterView& view, const projections::ClusterView& live,
                     std::uint64_t seed) {
    Violations all;
    add(all, events_are_well_formed(history));
    add(all, fold_agrees_with_ledger(history, ledger, view));
    add(all, promotions_have_evidence(history, ledger));
    add(all, nothing_is_said_twice(history, ledger));
    add(all, rebuild_equals_live(history, live, Random(seed, "cut")));
    add(all, work_comes_to_an_end(history, view));
    add(all, stages_lead_to_the_next(history, view));
    add(all, the_loop_turns_again(history, ledger));
    return all;
}

Violations judge(Cluster& cluster, const History& history, const Ledger& ledger,
                 std::uint64_t seed) {
    projections::Folded<projections::ClusterView> folded;
    for (const bus::Recorded& recorded : history.events) folded.advance(recorded);
    const projections::ClusterView& view = folded.view;
    const bool live = cluster.node() && cluster.node()->position() == folded.position;
    Violations all = judge_log(history, ledger, view, live ? cluster.node()->view() : view, seed);
    add(all, no_game_is_lost(cluster, view));
    add(all, programs_run_once_and_are_forgotten(cluster));
    add(all, the_node_is_well(cluster));
    add(all, nothing_known_is_said_again(history, cluster.witness()));
    return all;
}

Violations judge(const Fleet& fleet, const History& history, const Ledger& ledger,
                 std::uint64_t seed) {
    const projections::ClusterView& view = fleet.folded().view;
    Violations all = judge_log(history, ledger, view, view, seed);
    add(all, fleet.complaints());
    add(all, reigns_follow_each_other(fleet));
    add(all, void_events_have_no_effect(history, ledger, view));
    add(all, leaders_are_silent_after_their_lease(fleet, history, ledger));
    add(all, claims_that_are_named_live(fleet, history, ledger));
    add(all, claims_start_one_program(fleet));
    add(all, views_are_the_same_everywhere(fleet));
    add(all, games_of_all_nodes_are_recorded(fleet));
    add(all, all_nodes_are_well(fleet));
    add(all, productive_again(fleet, history, ledger));
    const FilesLedger files(history);
    add(all, files.unproved_deletions(fleet.shape().copies));
    add(all, files.differences(view.data));
    for (const auto& member : fleet.members())
        add(all, nothing_known_is_said_again(history, member->witness));
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

SimulationResult result_of(const Violations& violations, const History& history,
                           const Ledger& ledger, const SimulationOptions& options,
                           std::int64_t starts) {
    SimulationResult result = {.passed = violations.empty(),
                               .report = report_of(violations, history, options),
                               .digest = digest_of(history),
                               .events = static_cast<std::int64_t>(history.events.size()),
                               .starts = starts,
                               .turns_judged = ledger.turns_judged()};
    count(result, history, ledger);
    return result;
}

SimulationResult simulate_one(const SimulationOptions& options, std::ostream* trace) {
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
    return result_of(judge(cluster, history, ledger, options.seed), history, ledger, options,
                     cluster.starts());
}

SimulationResult simulate_many(const SimulationOptions& options, std::ostream* trace) {
    Fleet fleet(options.seed, options.nodes, std::chrono::hours(options.hours), trace);
    fleet.run();
    History history = {.stamps = fleet.log().stamps(),
                       .healed = fleet.healed_at(),
                       .ended = fleet.clock().passed(),
                       .nodes = options.nodes};
    history.events = fleet.log().read(0, std::numeric_limits<std::size_t>::max());
    std::map<bus::NodeId, const WitnessLog*> witnesses;
    for (const auto& member : fleet.members()) witnesses[member->id] = &member->witness;
    for (const bus::Recorded& recorded : history.events) {
        const WitnessLog& witness = *witnesses.at(recorded.event.source);
        history.seen.push_back(witness.seen_by_writer().at(recorded.event.id));
    }
    const Ledger ledger(history);
    SimulationResult result = result_of(judge(fleet, history, ledger, options.seed), history,
                                        ledger, options, fleet.starts());
    result.rounds = fleet.rounds();
    result.deletions = FilesLedger(history).deletions();
    result.reigns = static_cast<std::int64_t>(fleet.auditor().elections);
    return result;
}

}  // namespace

SimulationResult simulate(const SimulationOptions& options, std::ostream* trace) {
    const NamesSeedOnAbort names_seed(options);
    return options.nodes == 1 ? simulate_one(options, trace) : simulate_many(options, trace);
}

int run_simulation(const SimulationOptions& options, std::ostream& out) {
    if (options.nodes != 1 && (options.nodes < 3 || options.nodes > 50)) {
        out << "ringrift sim: --nodes must be 1, or 3 to 50: an election takes 3 voters\n";
        return 2;
    }
    if (options.hours < 3 || options.hours > 240) {
        out << "ringrift sim: --hours must be 3 to 240: the last 2.5 are without faults, and ten "
               "days are enough for all that is ever forgotten\n";
        return 2;
    }
    const SimulationResult result = simulate(options, options.trace ? &out : nullptr);
    out << "seed " << options.seed << ": " << options.hours << " h, " << result.events
        << " events, " << result.starts << " starts, " << result.reigns << " reigns, "
        << result.completed << " items completed, " << result.exports << " exports, "
        << result.trainings << " trainings, " << result.evaluations << " evaluations, "
        << result.promotions << " promotions, " << result.rejections << " rejections, "
        << result.rollbacks << " rollbacks\n"
        << "events have the digest " << result.digest << '\n'
        << result.report << (result.passed ? "all properties hold\n" : "");
    return result.passed ? 0 : 1;
}

}  // namespace ringrift::simulation
