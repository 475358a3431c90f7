#pragma once

// A machine on which nothing happens, for a real node in a test: it samples as idle, finds no files
// and starts no jobs. And a store that forgets with the test.
//
// Belongs to the thread that runs the node.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "consumers/hands.hpp"
#include "producers/host.hpp"
#include "projections/store.hpp"

namespace ringrift::tests {

class SmallStore final : public projections::Store {
  public:
    bus::Result<std::optional<std::string>, projections::StoreError> get(
        std::string_view name) override {
        const auto at = values.find(name);
        return at == values.end() ? std::optional<std::string>() : std::optional(at->second);
    }
    bus::Result<bus::Done, projections::StoreError> put(std::string_view name,
                                                        std::string_view value) override {
        if (full) return projections::StoreError::unavailable;
        values.insert_or_assign(std::string(name), std::string(value));
        return bus::Done{};
    }
    std::string trouble() const override { return "the disk is full"; }
    std::map<std::string, std::string, std::less<>> values;
    bool full = false;
};

class IdleHands final : public consumers::Hands {
  public:
    void start(const consumers::JobOrder&) override {}
    void stop(const consumers::JobId&) override {}
    void forget(const consumers::JobId&) override {}
    std::vector<consumers::JobReport> drain() override { return {}; }
};

class QuietHost final : public producers::Host {
  public:
    projections::HostSample sample(bus::Time now) override {
        constexpr std::int64_t gib = 1 << 30;
        return {.at = now,
                .memory_total_bytes = 8 * gib,
                .disk_free_bytes = 400 * gib,
                .disk_total_bytes = 500 * gib};
    }
    void begin_scan() override {}
    std::optional<std::vector<projections::FileHere>> take_scan() override {
        return std::vector<projections::FileHere>();
    }
    producers::Machine machine() const override { return {.capacity = {.slots = 1, .cpus = 1}}; }
};

}  // namespace ringrift::tests
