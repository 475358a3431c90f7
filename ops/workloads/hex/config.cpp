#include "ops/workloads/hex/config.hpp"

namespace ringrift::hex {

std::optional<Config> find_config(std::string_view name) {
    for (int size = board_size_min; size <= board_size_max; ++size) {
        const Config config{.size = size};
        if (config.name() == name) return config;
    }
    return std::nullopt;
}

}  // namespace ringrift::hex
