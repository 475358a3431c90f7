#pragma once

// The simulated machine: its disk with the files that programs left, and what the node senses of
// it.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/events/data_events.hpp"
#include "producers/host.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

struct SimFile {
    bus::FileKind kind = bus::FileKind::other;
    std::int64_t bytes = 0;
    std::int64_t games = 0;
    std::int64_t strength = 0;  ///< Of a model: how often it wins, see programs.cpp.
};

class SimDisk {
  public:
    std::optional<std::string> path_of(const bus::FileDigest& file) const;
    const SimFile* find(const bus::FileDigest& file) const;
    void add(const bus::FileDigest& file, SimFile content) { files_.emplace(file, content); }
    void remove(const bus::FileDigest& file) {
        files_.erase(file);
        rotten_.erase(file);
    }
    /// Its bytes are not what its digest says any more; whoever asks for them finds out.
    bool is_rotten(const bus::FileDigest& file) const { return rotten_.contains(file); }
    std::optional<bus::FileDigest> rot_one(Random& random);
    /// A file of games or samples, where there is one. Models are copied elsewhere as well.
    std::optional<bus::FileDigest> lose_one(Random& random);
    const std::map<bus::FileDigest, SimFile>& files() const { return files_; }
    bool full = false;
    bool low = false;  ///< Some should be deleted; work goes on.

    /// The model at a path that `path_of` gave, or `init`.
    std::int64_t strength_at(const std::string& path) const;

  private:
    std::map<bus::FileDigest, SimFile> files_;
    std::set<bus::FileDigest> rotten_;
};

class SimHost final : public producers::Host {
  public:
    SimHost(const SimDisk& disk, producers::Machine machine) : disk_(disk), machine_(machine) {}
    projections::HostSample sample(bus::Time now) override;
    void begin_scan() override;
    std::optional<std::vector<projections::FileHere>> take_scan() override;
    producers::Machine machine() const override { return machine_; }

  private:
    const SimDisk& disk_;
    producers::Machine machine_;
    std::optional<std::vector<projections::FileHere>> scan_;
};

}  // namespace ringrift::simulation
