#pragma once

// One type per kind of name, so that a node can never be passed where work is meant.
//
// An id is opaque: nothing in the code takes one apart, and its order is only the order of its
// bytes. Ids are chosen by whoever first names the thing; where a thing has a cause, its id is
// derived from the cause, so that doing it twice names it the same.

#include <compare>
#include <cstdint>
#include <ostream>

#include "bus/id_text.hpp"

namespace ringrift::bus {

template <class Tag>
struct Id {
    IdText value = {};  ///< Any UTF-8 up to `id_bytes_max` bytes. Empty means "none".

    bool empty() const { return value.empty(); }
    friend auto operator<=>(const Id&, const Id&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.value; }
};

/// Longer names are refused at the door: a NATS subject has to hold them, percent-encoded.
inline constexpr std::size_t id_bytes_max = 200;

using NodeId = Id<struct NodeTag>;       // a machine's daemon, e.g. gpu-7
using WorkId = Id<struct WorkTag>;       // an item of the queue, e.g. export-hex5_2p-812
using ConfigKey = Id<struct ConfigTag>;  // a game and its number of players, e.g. hex5_2p
using ModelId = Id<struct ModelTag>;     // SHA-256 of a model file, or `init`
using FileDigest = Id<struct FileTag>;   // SHA-256 of a file, 64 hexadecimal digits
using EventId = Id<struct EventTag>;     // CloudEvents `id`, and `Nats-Msg-Id`

/// The network that nobody has trained: each workload makes it from the config alone.
inline const ModelId init_model = {"init"};

/// Where an event stands in the log. The first is 1; 0 is before all of them.
using Position = std::uint64_t;

/// A leader's reign. Strictly increasing; 0 means that nobody has led yet.
using Epoch = std::uint64_t;

}  // namespace ringrift::bus
