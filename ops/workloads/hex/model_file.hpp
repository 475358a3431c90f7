// A network as a file, `model.bin`: self-describing, little-endian, checked before it is believed.
//
//     8 bytes   "RRHEXNET"
//     u32       format version, 1
//     u32       length of the config's name, then the name
//     u32       number of tensors; then for each: u32 rows, u32 columns, float32 column by column
//     64 bytes  SHA-256 of everything before, as hexadecimal text
//
// The model's digest, by which events name it, is the SHA-256 of the whole file.
#pragma once

#include <filesystem>
#include <string>

#include "ops/workloads/hex/network.hpp"

namespace ringrift::hex {

/// A network and the name under which events speak of it.
struct Model {
    Network network = {};
    std::string digest = {};  ///< SHA-256 of the file, or `init`.
};

constexpr std::string_view initial_model = "init";

std::string to_bytes(const Network& network);

/// `name` is a path, or `init`. Throws Failure, with path and remedy, unless it is whole, unharmed
/// and of this config. An empty file is refused like any other broken one; nothing falls back to
/// init.
Model load_model(const std::string& name, Config config);

}  // namespace ringrift::hex
