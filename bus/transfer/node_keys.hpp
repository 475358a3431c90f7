#pragma once

// The pair of CURVE keys by which a node proves to the others who it is.
//
// Made once and kept in the data folder for this user only. The public half is told to the cluster
// when the node joins; the secret half never leaves the file and this process. Pure but for the
// file; any thread.

#include <filesystem>
#include <string>

#include "bus/ids.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

using PublicKey = Id<struct PublicKeyTag>;  // 40 characters of Z85

struct NodeKeys {
    PublicKey public_key = {};
    std::string secret_key = {};  ///< 40 characters of Z85. Never printed, never sent.
};

/// A sentence: what is wrong and what to do.
struct KeyProblem {
    std::string sentence = {};
};

/// New keys, from the system's source of chance.
NodeKeys make_node_keys();

/// The keys in `file`; makes them when there are none. Refuses a file that others can read, or that
/// holds no keys: whoever could read it can pretend to be this node.
Result<NodeKeys, KeyProblem> load_node_keys(const std::filesystem::path& file);

}  // namespace ringrift::bus
