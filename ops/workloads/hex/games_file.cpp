#include "ops/workloads/hex/games_file.hpp"

#include <boost/json.hpp>
#include <sstream>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"

namespace ringrift::hex {
namespace {

namespace json = boost::json;

/// What is wrong with a game, as the end of a sentence; empty if nothing is.
std::string why_illegal(const GameRecord& game, Config config) {
    Board board(config);
    for (const int cell : game.moves) {
        if (!board.is_legal(cell)) return "move " + std::to_string(board.stones()) + " is illegal";
        board.play(cell);
    }
    if (board.winner() == Side::nobody) return "the game has no end";
    if (board.winner() != game.winner) return "the winner did not win";
    if (game.visits.size() != game.moves.size()) return "moves and visits differ in number";
    for (const auto& visits : game.visits) {
        if (visits.empty()) continue;
        if (static_cast<int>(visits.size()) != config.cells()) return "visits do not fit the board";
        long long sum = 0;
        for (const int count : visits) {
            if (count < 0) return "a count of visits is negative";
            sum += count;
        }
        if (sum == 0) return "a move has no visits";
    }
    return {};
}

GameRecord parse_game(const std::string& line, Config config) {
    const json::object object = json::parse(line).as_object();
    if (object.at("config").as_string() != config.name()) {
        throw Failure("its config is not " + config.name());
    }
    return {.config = config,
            .seed = object.at("seed").to_number<std::uint64_t>(),
            .game = object.at("game").to_number<int>(),
            .model = json::value_to<std::string>(object.at("model")),
            .moves = json::value_to<std::vector<int>>(object.at("moves")),
            .winner = object.at("winner").to_number<int>() == 0 ? Side::first : Side::second,
            .visits = json::value_to<std::vector<std::vector<int>>>(object.at("visits"))};
}

}  // namespace

std::string to_json_line(const GameRecord& game) {
    return json::serialize(json::object{{"config", game.config.name()},
                                        {"seed", game.seed},
                                        {"game", game.game},
                                        {"model", game.model},
                                        {"winner", static_cast<int>(game.winner)},
                                        {"moves", json::value_from(game.moves)},
                                        {"visits", json::value_from(game.visits)}});
}

std::vector<GameRecord> read_games(const std::filesystem::path& path, Config config) {
    std::istringstream lines(read_file(path));
    std::vector<GameRecord> games;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::string reason;
        try {
            games.push_back(parse_game(line, config));
            reason = why_illegal(games.back(), config);
        } catch (const std::exception& error) {  // Boost.JSON's, or the Failure above.
            reason = error.what();
        }
        if (!reason.empty()) {
            throw Failure(path.string() + ", line " + std::to_string(number) + ": " + reason +
                          "; take the file out of the list and play its games again");
        }
    }
    return games;
}

}  // namespace ringrift::hex
