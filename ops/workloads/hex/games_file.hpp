// Games as text: one JSON object a line, integers only, `games-<seed>.jsonl`.
//
//     {"config":"hex4_2p","seed":7,"game":0,"model":"init","winner":0,
//      "moves":[5,9,…],"visits":[[],[0,3,…],…]}
//
// `moves` are cells, row by row from 0; side 0 moves first and joins top to bottom. `visits` has
// one entry a move: the search's visits by cell, or [] where chance chose the move. Reading replays
// each game, so a file that breaks the rules is refused, with its name and line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ops/workloads/hex/game.hpp"

namespace ringrift::hex {

/// One line, without its end.
std::string to_json_line(const GameRecord& game);

/// Throws Failure unless every line is a whole, legal game of `config`.
std::vector<GameRecord> read_games(const std::filesystem::path& path, Config config);

}  // namespace ringrift::hex
