// Games files: every line is a whole and legal game, or the file is refused by name and line.
#include "ops/workloads/hex/games_file.hpp"

#include "ops/workloads/hex/evaluation.hpp"
#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"
#include "ops/workloads/hex/samples_file.hpp"
#include "tests/catch.hpp"
#include "tests/hex/folder.hpp"
#include "tests/hex/refusal.hpp"

namespace ringrift::hex {
namespace {

constexpr Config four{.size = 4};

GameRecord a_game() {
    GameRecord game = play_selfplay_game(initial_network(four), {.simulations = 20}, 1, 0);
    game.model = "init";
    return game;
}

void check_refused(const GameRecord& game, const std::string& reason) {
    const Folder folder;
    const auto path = folder / "games.jsonl";
    write_file(path, to_json_line(a_game()) + "\n" + to_json_line(game) + "\n");
    const std::string refusal = refusal_of([&] { read_games(path, four); });
    INFO(refusal);
    CHECK(mentions(refusal, "games.jsonl, line 2"));
    CHECK(mentions(refusal, reason));
}

TEST_CASE("a game survives the way into a line and back") {
    const Folder folder;
    const auto path = folder / "games.jsonl";
    write_file(path, to_json_line(a_game()) + "\n");
    CHECK(read_games(path, four) == std::vector{a_game()});
}

TEST_CASE("a match game is a legal games file without a single sample") {
    const Folder folder;
    const auto path = folder / "match.jsonl";
    const Network network = initial_network(four);
    const auto report =
        play_match(network, network, {.pairs = 1, .simulations = 20}, 1, [](int, int) {});
    write_file(path, to_json_line(report.games[0]) + "\n");
    CHECK(samples_of(read_games(path, four), four).samples.count() == 0);
}

TEST_CASE("a game with an illegal move is refused") {
    GameRecord game = a_game();
    game.moves[1] = game.moves[0];
    check_refused(game, "move 1 is illegal");
}

TEST_CASE("a game without its end is refused") {
    GameRecord game = a_game();
    game.moves.pop_back();
    game.visits.pop_back();
    check_refused(game, "no end");
}

TEST_CASE("a game that names the loser as its winner is refused") {
    GameRecord game = a_game();
    game.winner = opponent(game.winner);
    check_refused(game, "did not win");
}

TEST_CASE("a line that is cut short is refused") {
    const Folder folder;
    const auto path = folder / "games.jsonl";
    write_file(path, to_json_line(a_game()).substr(0, 100));
    CHECK_THROWS_AS(read_games(path, four), Failure);
}

}  // namespace
}  // namespace ringrift::hex
