#pragma once

// NodeSelector: which node is best for what, and who of those that ask for work chooses first.
//
// Pure functions of sight. Strength comes from the name of the GPU, load from leases and, among
// equals, from telemetry; ties are broken by the node's id, so every node gives the same answer.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "producers/command.hpp"

namespace ringrift::consumers {

struct RankedNode {
    bus::NodeId node = {};
    std::int64_t gpu_power = 0;  ///< Roughly TFLOPS (half precision), all its GPUs; 0 without.
    std::int64_t load_ppm = 0;   ///< The busier of leased slots and what telemetry says of cpu.
    bool has_room = false;       ///< Now, beside what it holds.
    friend bool operator==(const RankedNode&, const RankedNode&) = default;
};

class NodeSelector {
  public:
    /// Nodes that take work and could run the order, best first: those with room, then for GPU work
    /// the strongest, for other work those that waste no GPU on it; then the least loaded.
    std::vector<RankedNode> rank_for(const bus::WorkQueued& order,
                                     const producers::Sight& sight) const;

    /// The strongest GPU node with a free GPU; those that train already only when no other has one.
    std::optional<bus::NodeId> get_best_gpu_node(const producers::Sight& sight) const;

    /// Those that ask, in the order in which they choose: who wastes no GPU on common work before
    /// who has one (work for GPUs fits nobody else, and is left for them), then the least loaded.
    std::vector<producers::ClaimWork> turns_for(std::vector<producers::ClaimWork> claims,
                                                const producers::Sight& sight) const;

    /// GPU nodes that take work, strongest first, whatever their load. At most `count_max`.
    std::vector<RankedNode> get_training_nodes(const producers::Sight& sight,
                                               std::size_t count_max = 5) const;
};

/// Of one GPU, by the first known name that `gpu_name` contains; 10 for an unknown one, 0 for none.
std::int64_t gpu_power_of(std::string_view gpu_name);

}  // namespace ringrift::consumers
