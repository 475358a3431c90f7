#pragma once

// The node's own small memory, and what can be wrong with it.

#include <map>
#include <string>
#include <utility>

#include "projections/store.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

/// What is put is durable, unless the process was dead by then. It can be away, lost or damaged.
class SimStore final : public projections::Store {
  public:
    explicit SimStore(Fuse& fuse) : fuse_(fuse) {}
    void set_away(bool away) { away_ = away; }
    void lose() { values_.clear(); }
    /// What `look` finds in it, though it may not answer the node now.
    template <class Look>
    auto as_kept(const Look& look) {
        const bool away = std::exchange(away_, false);
        auto found = look(*this);
        away_ = away;
        return found;
    }
    /// One byte of the snapshot is not what it was.
    void damage_snapshot(Random& random);

    bus::Result<std::optional<std::string>, projections::StoreError> get(
        std::string_view name) override;
    bus::Result<bus::Done, projections::StoreError> put(std::string_view name,
                                                        std::string_view value) override;
    std::string trouble() const override { return away_ ? "the simulated store is away" : ""; }

  private:
    Fuse& fuse_;
    bool away_ = false;
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace ringrift::simulation
