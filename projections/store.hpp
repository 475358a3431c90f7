#pragma once

// The port to the node's own small memory: named values that survive a restart.
//
// Holds the node's identity, its incarnation, what it voted, and snapshots of views. None of it is
// the truth about the cluster; that is the log. A `put` that answered ok is durable, or the port
// says why not. On the node's thread only. Real one: projections/sqlite_store (state.db).

#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace ringrift::projections {

enum class StoreError {
    unavailable,  ///< Not read or not written (locked, full, broken disk). Go on without; say so.
    damaged       ///< The file is not a store. Move it away; the log rebuilds what was in it.
};

class Store {
  public:
    virtual ~Store() = default;
    virtual bus::Result<std::optional<std::string>, StoreError> get(std::string_view name) = 0;
    virtual bus::Result<bus::Done, StoreError> put(std::string_view name,
                                                   std::string_view value) = 0;
    /// Why the last call failed, for a person; empty when it did not.
    virtual std::string trouble() const = 0;
};

}  // namespace ringrift::projections
