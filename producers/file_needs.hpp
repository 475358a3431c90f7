#pragma once

// Which files are needed where, as the views tell it: by the loop of learning, by live work.
//
// - A training node needs the games that the next export reads, and the samples that wait.
// - A node that takes work needs the models in use: each config's best, and candidates under test.
// - A node that holds a claim needs the claim's inputs and models.
// Beside these, every games file and model should have so many copies on nodes that are well as the
// operator wants (SyncPlanner::copies). Pure functions; any thread.

#include <map>
#include <set>
#include <vector>

#include "producers/command.hpp"

namespace ringrift::producers {

/// Copies of every games file and model, on different nodes, unless the operator wants more.
inline constexpr std::size_t copies_default = 2;
/// So many nodes get all games; the ones with most GPUs, if any has one.
inline constexpr std::size_t training_nodes_max = 5;

struct FileNeeds {
    std::vector<bus::NodeId> well = {};      ///< Stay, and take files: `is_well`.
    std::vector<bus::NodeId> training = {};  ///< Of those, where networks are trained.
    std::set<bus::FileDigest> in_use = {};   ///< Models that every node that is well needs.
    std::set<bus::FileDigest> for_training = {};
    std::map<bus::NodeId, std::set<bus::FileDigest>> claimed = {};
    std::set<bus::FileDigest> referenced = {};  ///< By work that is open, wherever it runs.
};

FileNeeds file_needs(const Sight& sight);

/// The node is there to stay: online, neither draining nor in quarantine.
bool is_well(const Sight& sight, const bus::NodeId& node);

/// Whether the file must not be deleted at the node.
bool is_needed(const FileNeeds& needs, const bus::FileDigest& file, const bus::NodeId& node);

}  // namespace ringrift::producers
