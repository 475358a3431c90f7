#pragma once

// Deciders of the work queue: what may be queued, who may run it, which end of it is believed.
//
// Pure functions of sight and command. Only the leader queues, claims, expires, cancels and parks;
// what a node reports of its own claims is anybody's word, and holds only while the claim does.
// Claims are decided in work_claims.cpp, reports in work_reports.cpp.

#include <vector>

#include "producers/command.hpp"

namespace ringrift::producers {

Decision decide(const Sight& sight, const QueueWork& command);
/// As many items as fit the node, the config that is furthest behind its share first.
Decision decide(const Sight& sight, const ClaimWork& command);
/// The same for many nodes, which take turns. Refused only when none gets anything, with the reason
/// of the first.
Decision decide(const Sight& sight, const ShareOutWork& command);
Decision decide(const Sight& sight, const ReportStarted& command);
/// GAMES_RECORDED for each file of games, then WORK_COMPLETED; WORK_FAILED when the evidence lacks.
/// Where the claim is gone, what `late_results` keeps.
Decision decide(const Sight& sight, const ReportCompleted& command);
Decision decide(const Sight& sight, const ReportFailed& command);
Decision decide(const Sight& sight, const ReleaseWork& command);
Decision decide(const Sight& sight, const ExpireLease& command);
Decision decide(const Sight& sight, const TimeOutWork& command);
Decision decide(const Sight& sight, const CancelWork& command);
/// What failed or timed out for good, or waits: set aside with the last standard error.
Decision decide(const Sight& sight, const ParkWork& command);
/// One more attempt for what is parked.
Decision decide(const Sight& sight, const UnparkWork& command);
Decision decide(const Sight& sight, const NoteIdle& command);

/// CancelWork, with the reason, for items whose dependency can no longer be completed: it was
/// cancelled, or is not known. What failed or is parked may yet be tried again. At most
/// `count_max`.
std::vector<CancelWork> hopeless(const projections::WorkView& work, std::size_t count_max);
/// ParkWork for items that used up their chances. At most `count_max`, longest ended first.
std::vector<ParkWork> to_be_parked(const projections::WorkView& work, std::size_t count_max);

/// Open items beyond so many are refused: who queues them does not look at what waits.
inline constexpr std::int64_t open_items_max = 200'000;
inline constexpr std::int64_t priority_max = 10'000;
inline constexpr std::size_t dependencies_max = 100;
inline constexpr std::int64_t claims_per_request_max = 64;
/// Items looked at in one line before another line is tried.
inline constexpr std::size_t scan_max = 64;
/// Delayed items looked at that the fold has not moved to `waiting` yet.
inline constexpr std::size_t due_max = 256;
/// A head of a line that waits longer for room keeps the best node free of smaller work.
inline constexpr bus::Duration hold_back_after = std::chrono::minutes(1);
/// Bytes of standard error that an event carries at most.
inline constexpr std::size_t stderr_tail_bytes_max = 4096;

}  // namespace ringrift::producers
