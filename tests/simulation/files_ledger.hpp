#pragma once

// Who has which file, read from the log a second time, apart from the fold; whether the fold says
// the same; and whether what was deleted was there often enough elsewhere.

#include <map>
#include <set>

#include "projections/data_view.hpp"
#include "tests/simulation/ledger.hpp"

namespace ringrift::simulation {

class FilesLedger {
  public:
    using Nodes = std::set<bus::NodeId>;
    explicit FilesLedger(const History& history);

    /// FILE_DELETED that held although fewer than `copies` others had a sound copy at that place in
    /// the log, all of them named as proof.
    Violations unproved_deletions(std::size_t copies) const;
    /// Files of which the fold believes that other nodes have them: a deletion had effect though
    /// its proof did not hold there, or had none though it did.
    Violations differences(const projections::DataView& view) const;
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
    void read(const bus::DataSyncCompleted& sync);
    void expect(const bus::FileDigest& model, const bus::NodeId& node);
    Nodes sound_copies(const bus::FileDigest& file) const;
    void remove(const bus::FileDeleted& e, bus::Position position);

    std::map<bus::FileDigest, Nodes> copies_;
    std::map<bus::FileDigest, Nodes> damaged_;
    std::map<bus::FileDigest, Nodes> deleted_;
    std::set<bus::FileDigest> known_;
    std::map<bus::FileDigest, bus::ConfigKey> unsynced_;  ///< Games files, and whose they are.
    std::set<bus::FileDigest> games_;
    std::vector<Deletion> deletions_;
};

}  // namespace ringrift::simulation
