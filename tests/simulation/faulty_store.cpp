#include "tests/simulation/faulty_store.hpp"

namespace ringrift::simulation {

void SimStore::damage_snapshot(Random& random) {
    const auto at = values_.find("snapshot");
    if (at == values_.end() || at->second.empty()) return;
    const auto byte = static_cast<std::size_t>(random.below(std::ssize(at->second)));
    at->second[byte] = static_cast<char>(at->second[byte] ^ (1 << random.below(7)));
}

bus::Result<std::optional<std::string>, projections::StoreError> SimStore::get(
    std::string_view name) {
    if (away_) return projections::StoreError::unavailable;
    const auto at = values_.find(name);
    if (at == values_.end()) return std::optional<std::string>();
    return std::optional<std::string>(at->second);
}

bus::Result<bus::Done, projections::StoreError> SimStore::put(std::string_view name,
                                                              std::string_view value) {
    if (away_ || fuse_.take(1) == 0) return projections::StoreError::unavailable;
    values_.insert_or_assign(std::string(name), std::string(value));
    return bus::Done{};
}

}  // namespace ringrift::simulation
