#pragma once

// Who has which file, read from the log a second time, apart from the fold; and whether what was
// deleted was there often enough elsewhere.

#include <map>
#include <set>

#include "tests/simulation/ledger.hpp"

namespace ringrift::simulation {

class FilesLedger {
  public:
    using Nodes = std::set<bus::NodeId>;
    explicit FilesLedger(const History& history);

    /// FILE_DELETED that held although fewer than `copies` others had a sound copy at that place in
    /// the log, all of them named as proof.
    Violations unproved_deletions(std::size_t copies) const;
    const std::map<bus::FileDigest, Nodes>& copies() const { return copies_; }
    std::int64_t deletions() const { return static_cast<std::int64_t>(deletions_.size()); }

  private:
    struct Deletion {
        bus::Position position = 0;
        std::size_t proof = 0;  ///< Others with a sound copy that it names.
    };
    void read(const bus::Recorded& recorded);
    void come(const bus::FileDigest& file, const bus::NodeId& node);
    void go(const bus::FileDigest& file, const bus::NodeId& node);
    void read(const bus::ManifestCollected& manifest);
    void remove(const bus::FileDeleted& e, bus::Position position);

    std::map<bus::FileDigest, Nodes> copies_;
    std::map<bus::FileDigest, Nodes> damaged_;
    std::map<bus::FileDigest, Nodes> deleted_;
    std::set<bus::FileDigest> known_;
    std::vector<Deletion> deletions_;
};

}  // namespace ringrift::simulation
