#pragma once

// Which of a node's GPUs a job gets, by number, as nvidia-smi counts them from 0: RINGRIFT_GPUS.
//
// The queue reserves how many a job needs; which ones is decided here, where the jobs are known.
// Pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringrift::ops {

/// `wanted` of `on_node` GPUs: those that the fewest jobs have, the lowest numbers first, in order.
/// `taken` names those of each other job, twice where two jobs share one. Never waits: a job that
/// goes on without a claim may hold one that the queue has given away, and then it is shared.
std::vector<std::int64_t> choose_gpus(std::int64_t wanted, std::int64_t on_node,
                                      const std::vector<std::int64_t>& taken);

/// `0,2`; empty for none.
std::string gpu_list(const std::vector<std::int64_t>& gpus);

/// The numbers in such a list; what is no number is left out.
std::vector<std::int64_t> gpus_in(std::string_view list);

}  // namespace ringrift::ops
