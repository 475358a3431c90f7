// Ratings: sums of distinct matches, whatever their order, and when they are worked out and said.

#include "producers/ratings.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include "consumers/loops/elo_sync.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;

namespace {

bus::MatchPlayed played(const std::string& id, const std::string& first, const std::string& second,
                        std::int64_t wins, std::int64_t losses, std::int64_t draws = 0) {
    return {.match = id,
            .config = hex,
            .games = wins + draws + losses,
            .scores = {{.first = {first},
                        .second = {second},
                        .wins = wins,
                        .draws = draws,
                        .losses = losses}}};
}

const projections::RatingPool& pool(const Given& given) {
    return given.view().ratings.pools.at(hex);
}

/// Whom the decided ELO_UPDATEDs are about, in their order.
std::vector<std::string> said_of(const Given& given) {
    std::vector<std::string> models;
    for (const Draft& draft : given.drafts())
        models.push_back(std::get<bus::EloUpdated>(draft.fact).model.value);
    return models;
}

std::vector<bus::MatchPlayed> some_matches(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::vector<std::string> players = {"init", "m1", "m2", "m3", "m4"};
    std::vector<bus::MatchPlayed> matches;
    for (int n = 0; n < 30; ++n) {
        const std::size_t first = random() % players.size();
        const std::size_t second = (first + 1 + random() % (players.size() - 1)) % players.size();
        matches.push_back(played("match-" + std::to_string(n), players[first], players[second],
                                 static_cast<std::int64_t>(random() % 20),
                                 static_cast<std::int64_t>(random() % 20),
                                 static_cast<std::int64_t>(1 + random() % 5)));
    }
    return matches;
}

}  // namespace

TEST_CASE("ratings are the same in whatever order the matches arrive") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto matches = some_matches(seed);
        Given in_order;
        for (const auto& match : matches) in_order.say(match);
        in_order.when(UpdateElo{hex});
        std::shuffle(matches.begin(), matches.end(), std::mt19937_64(seed));
        Given shuffled;
        for (const auto& match : matches) shuffled.say(match).say(match);
        shuffled.when(UpdateElo{hex});
        INFO("seed " << seed);
        CHECK(pool(in_order).pairs == pool(shuffled).pairs);
        CHECK(pool(in_order).games == pool(shuffled).games);
        REQUIRE(in_order.drafts().size() == shuffled.drafts().size());
        for (std::size_t n = 0; n < in_order.drafts().size(); ++n) {
            CHECK(in_order.drafts()[n].fact == shuffled.drafts()[n].fact);
            CHECK(in_order.drafts()[n].id == shuffled.drafts()[n].id);
        }
    }
}

TEST_CASE("a match counts once, from whichever side it is told") {
    Given given({played("r1", "m1", "init", 7, 3), played("r1", "m1", "init", 7, 3),
                 played("r2", "init", "m1", 1, 4, 5)});
    REQUIRE(pool(given).pairs.size() == 1);
    const auto& [pair, total] = *pool(given).pairs.begin();
    CHECK(pair == std::pair(bus::ModelId{"init"}, bus::ModelId{"m1"}));
    CHECK(total == projections::PairTotal{.wins = 4, .draws = 5, .losses = 11});
    CHECK(pool(given).games == 20);
}

TEST_CASE(
    "a match without games, against itself, of nobody or with negative scores counts nothing") {
    auto no_scores = played("r4", "m1", "init", 1, 1);
    no_scores.scores.clear();
    Given given({played("r1", "m1", "init", 0, 0), played("r2", "m1", "m1", 1, 0),
                 played("r3", "", "m1", 1, 0), no_scores, played("r5", "m1", "init", 5, -1)});
    CHECK(given.view().ratings.pools.empty());
    CHECK(given.view().ratings.matches.empty());
}

TEST_CASE("a match of more games than anybody can play is not counted") {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    bus::MatchPlayed endless = played("endless", "init", "m1", 1, 0);
    endless.games = most;
    Given given(
        {played("real", "init", "m1", 3, 1), endless, played("lost", "init", "m1", most - 4, 1)});
    CHECK(pool(given).games == 4);
    CHECK(pool(given).pairs.begin()->second.wins == 3);
}

TEST_CASE("each config has a pool of its own") {
    auto other = played("r2", "m1", "init", 9, 1);
    other.config = {"hex5_2p"};
    Given given({played("r1", "m1", "init", 1, 9), other});
    given.when(UpdateElo{hex}).and_said();
    CHECK(pool(given).elo.at({"m1"}).elo_milli < 0);
    CHECK(given.view().ratings.pools.at({"hex5_2p"}).elo.empty());
}

TEST_CASE("the untrained model is rated 0, and who beats it more") {
    Given given({played("r1", "m1", "init", 15, 5)});
    given.when(UpdateElo{hex}).and_said();
    CHECK(pool(given).elo.at(bus::init_model).elo_milli == 0);
    CHECK(pool(given).elo.at({"m1"}).elo_milli > 100'000);
    CHECK(pool(given).elo.at({"m1"}).error95_milli > 0);
    CHECK(pool(given).elo.at({"m1"}).games == 20);
    given.when(UpdateElo{hex}).then_refused(Kind::duplicate);
    given.when(UpdateElo{{"unheard"}}).then_refused(Kind::unknown);
}

TEST_CASE("only ratings that changed are said again, and the anchor last") {
    Given given({played("r1", "m1", "init", 15, 5), played("r2", "x", "y", 1, 1)});
    given.when(UpdateElo{hex});
    CHECK(said_of(given) == std::vector<std::string>{"m1", "x", "y", "init"});
    given.and_said().say(played("r3", "m1", "init", 5, 5));
    given.when(UpdateElo{hex});
    CHECK(said_of(given) == std::vector<std::string>{"m1", "init"});
}

TEST_CASE("ratings of which only the first were said are said again") {
    Given given({played("r1", "m1", "init", 15, 5), played("r2", "m2", "m1", 15, 5)});
    given.when(UpdateElo{hex});
    const auto drafts = given.drafts();
    given.say(drafts.front().fact);  // and then the node died
    CHECK(asked<UpdateElo>(consumers::EloSync{}.step(given.sight())).size() == 1);
    given.when(UpdateElo{hex});
    CHECK(said_of(given) == std::vector<std::string>{"m2", "init"});
    given.and_said();
    CHECK(pool(given).elo.size() == 3);
    CHECK(asked<UpdateElo>(consumers::EloSync{}.step(given.sight())).empty());
}

TEST_CASE("a tournament is complete when all its matches are counted") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    decide_on(given, "m2", winning);
    const auto rate = [&](const std::string& opponent) {
        auto queued =
            order(bus::WorkType::tournament, rating_match(hex, {"m2"}, {opponent}, 0).value);
        queued.model = {"m2"};
        queued.baseline = {opponent};
        given.say(queued);
        run_job(given, queued.work.value, match(winning));
        given.when(AnnounceResult{queued.work}).and_said();
    };
    given.when(CompleteTournament{hex, {"m2"}}).then_refused(Kind::nothing_waits);
    rate("init");
    given.when(CompleteTournament{hex, {"m2"}}).then_refused(Kind::nothing_waits);
    rate("m1");
    const auto asked_for = consumers::EloSync{}.step(given.sight());
    CHECK(asked<CompleteTournament>(asked_for).size() == 1);
    given.when(CompleteTournament{hex, {"m2"}});
    given.then({bus::TournamentCompleted{
        .tournament = "tournament-hex4_2p-m2", .config = hex, .model = {"m2"}, .games = 80}});
    given.and_said().when(CompleteTournament{hex, {"m2"}}).then_refused(Kind::duplicate);
    given.when(CompleteTournament{hex, {"unheard"}}).then_refused(Kind::unknown);
}

TEST_CASE("the one match of the first model's tournament is counted once") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    auto queued =
        order(bus::WorkType::tournament, rating_match(hex, {"m1"}, bus::init_model, 0).value);
    queued.model = {"m1"};
    queued.baseline = bus::init_model;
    given.say(queued);
    run_job(given, queued.work.value, match(winning));
    given.when(AnnounceResult{queued.work}).and_said();
    given.when(CompleteTournament{hex, {"m1"}});
    CHECK(std::get<bus::TournamentCompleted>(given.drafts().at(0).fact).games == 40);
}
