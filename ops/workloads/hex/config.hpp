// The boards that can be played: hex4_2p, hex5_2p, hex6_2p and hex7_2p.
//
// A config is only its board's size; its name is what the cluster schedules, rates and promotes by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringrift::hex {

constexpr int board_size_min = 4;
constexpr int board_size_max = 7;
constexpr int cells_max = board_size_max * board_size_max;

struct Config {
    int size = board_size_min;  ///< Rows, and columns; board_size_min..board_size_max.

    int cells() const { return size * size; }
    std::string name() const { return "hex" + std::to_string(size) + "_2p"; }
    bool operator==(const Config&) const = default;
};

/// Nullopt unless `name` is one of the four names above.
std::optional<Config> find_config(std::string_view name);

}  // namespace ringrift::hex
