// Rebuild equals live, for events of every type: views folded from what stands in the log, from a
// snapshot at any moment, or from a log delivered twice, are those of the node that never stopped.
//
// A failure prints its seed. RINGRIFT_SEEDS asks for more logs than the default.

#include <random>

#include "bus/codec.hpp"
#include "projections/snapshot.hpp"
#include "tests/any_event.hpp"
#include "tests/number_from.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using projections::ClusterView;
using projections::Folded;

namespace {

/// Few names, so that events of all nouns meet, and numbers that mostly make sense.
class Gossip final : public Filler {
  public:
    explicit Gossip(std::uint64_t seed) : random_(seed), wild_(seed) {}
    std::string text(std::string_view field) override {
        if (below(40) == 0) return wild_.text(field);
        if (below(30) == 0) return {};
        const std::string n = std::to_string(below(4));
        if (field == "work" || field == "works" || field == "depends_on") return "w" + n;
        if (field == "node" || field == "leader" || field == "voters" || field == "source")
            return "n" + std::to_string(below(2));
        if (field == "config") return "c" + std::to_string(below(2));
        if (field == "model" || field == "parent" || field == "baseline" || field == "previous" ||
            field == "first" || field == "second" || field == "restored")
            return below(4) == 0 ? "init" : "f" + n;
        if (field == "file" || field == "files" || field == "added" || field == "removed")
            return "f" + n;
        return "t" + n;
    }
    std::int64_t integer(std::int64_t low, std::int64_t high) override {
        if (below(60) == 0) return wild_.integer(low, high);
        return std::clamp<std::int64_t>(below(6), low, high);
    }
    std::size_t count() override { return static_cast<std::size_t>(below(3)); }
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  private:
    std::mt19937_64 random_;
    RandomFiller wild_;
};

constexpr int events_per_log = 700;

/// As the node sees them come in: leaders' events of the reign of the moment, mostly, and parked
/// ones that are driven anew.
std::vector<bus::Recorded> log_of(std::uint64_t seed) {
    Gossip gossip(seed);
    Folded<ClusterView> folded;
    std::vector<bus::Recorded> log;
    bus::Time now = start;
    for (int n = 0; n < events_per_log; ++n) {
        const int kinds = static_cast<int>(std::variant_size_v<bus::Fact>);
        const auto kind = static_cast<std::size_t>(gossip.below(kinds));
        now += std::chrono::seconds(gossip.below(600));
        bus::Event event = {.id = {"e" + std::to_string(n)}, .source = {"n0"}, .time = now};
        event.correlation = event.id;
        event.fact = kind == 0 ? bus::Fact(bus::Unread{.why = bus::Unread::Why::parked,
                                                       .type = "TRAINING_COMPLETED",
                                                       .subject = "c0",
                                                       .problem = "it lacks something",
                                                       .data = R"({"config":"c0"})"})
                               : any_fact(kind, gossip);
        event.epoch = folded.view.leadership.epoch;
        if (auto* elected = std::get_if<bus::LeaderElected>(&event.fact)) {
            if (gossip.below(10) != 0) {
                elected->epoch = folded.view.leadership.epoch + 1;
                elected->voters.clear();
                elected->votes = folded.view.leadership.voters;
                if (elected->votes.empty()) elected->votes.push_back({"n0"});
                elected->leader = elected->votes.front();
            }
            event.epoch = 0;
        } else if (gossip.below(20) == 0) {
            event.epoch = static_cast<bus::Epoch>(gossip.below(4));
        }
        event.source = speaker(event, folded.view.leadership.leader, event.source);
        const auto& parked = folded.view.counts.parked;
        if (!parked.empty() && gossip.below(3) == 0) event.causation = parked.front().event;
        log.push_back({.position = folded.position + 1, .event = std::move(event)});
        folded.advance(log.back());
    }
    return log;
}

Folded<ClusterView> fold(const std::vector<bus::Recorded>& log, Folded<ClusterView> onto = {}) {
    for (const auto& recorded : log) onto.advance(recorded);
    return onto;
}

template <class Check>
void for_each_log(Check check) {
    const std::uint64_t seeds = number_from("RINGRIFT_SEEDS", 20);
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        INFO("seed " << seed);
        check(log_of(seed), int(seed));
    }
}

}  // namespace

TEST_CASE("the logs are about everything: each view is moved by some of them") {
    ClusterView seen;
    for_each_log([&](const auto& log, int) {
        const ClusterView view = fold(log).view;
        if (!view.nodes.nodes.empty()) seen.nodes = view.nodes;
        if (!view.work.items.empty()) seen.work = view.work;
        if (!view.data.files.empty()) seen.data = view.data;
        if (!view.training.configs.empty()) seen.training = view.training;
        if (!view.ratings.pools.empty()) seen.ratings = view.ratings;
        if (view.counts.parked_events > 0) seen.counts = view.counts;
    });
    CHECK_FALSE(seen.nodes.nodes.empty());
    CHECK_FALSE(seen.work.items.empty());
    CHECK_FALSE(seen.data.files.empty());
    CHECK_FALSE(seen.training.configs.empty());
    CHECK_FALSE(seen.ratings.pools.empty());
    CHECK(seen.counts.parked_events > 0);
}

TEST_CASE("views rebuilt from the text of the log are those of the node that never stopped") {
    for_each_log([](const auto& log, int) {
        Folded<ClusterView> rebuilt;
        for (const bus::Recorded& recorded : log) {
            rebuilt.advance(
                {.position = recorded.position, .event = bus::decode(bus::encode(recorded.event))});
        }
        REQUIRE(rebuilt == fold(log));
    });
}

TEST_CASE("a snapshot of any moment and the rest of the log come to the same") {
    for_each_log([](const auto& log, int seed) {
        const auto live = fold(log);
        for (const int at : {1, (seed * 37) % events_per_log, events_per_log}) {
            const auto before = fold({log.begin(), log.begin() + at});
            auto restarted = projections::from_snapshot(projections::to_snapshot(before));
            REQUIRE(restarted);
            REQUIRE(*restarted == before);
            REQUIRE(fold(log, *restarted) == live);
        }
    });
}

TEST_CASE("a log that is delivered twice, or from any point once more, changes nothing") {
    for_each_log([](const auto& log, int) {
        const auto live = fold(log);
        REQUIRE(fold(log, live) == live);
    });
}

namespace {

/// What the view is after its own fold has seen the event, whether it is thought to concern it or
/// not.
template <class View>
bool is_moved(View view, const bus::Recorded& recorded) {
    const View before = view;
    apply(view, recorded);
    return view != before;
}

}  // namespace

TEST_CASE("what the cluster's fold passes over would have changed nothing") {
    for_each_log([&](const auto& log, int) {
        Folded<ClusterView> folded;
        for (const auto& recorded : log) {
            const ClusterView& view = folded.view;
            std::visit(
                [&](const auto& fact) {
                    using Fact = std::decay_t<decltype(fact)>;
                    if constexpr (bus::is_readable<Fact>) {
                        INFO(recorded);
                        if (!projections::concerns_leadership<Fact>)
                            CHECK_FALSE(is_moved(view.leadership, recorded));
                        if (!projections::concerns_nodes<Fact>)
                            CHECK_FALSE(is_moved(view.nodes, recorded));
                        if (!projections::concerns_work<Fact>)
                            CHECK_FALSE(is_moved(view.work, recorded));
                        if (!projections::concerns_data<Fact>)
                            CHECK_FALSE(is_moved(view.data, recorded));
                        if (!projections::concerns_training<Fact>)
                            CHECK_FALSE(is_moved(view.training, recorded));
                        if (!projections::concerns_ratings<Fact>)
                            CHECK_FALSE(is_moved(view.ratings, recorded));
                    }
                },
                recorded.event.fact);
            folded.advance(recorded);
        }
    });
}
