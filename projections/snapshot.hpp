#pragma once

// A cluster view as text, so that a restart need not fold the whole log again.
//
// A snapshot is a shortcut, never the truth: it carries a format and the digest of its own text,
// and whatever does not read cleanly is refused, upon which the log is folded from the start. The
// format changes whenever a view's shape or a fold's meaning does. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "projections/cluster_view.hpp"

namespace ringrift::projections {

/// Raise it with every change to a view or to a fold: older snapshots are then not used.
inline constexpr int snapshot_format = 6;

std::string to_snapshot(const Folded<ClusterView>& folded);

/// Empty when the text is no snapshot of this format, or not what was written.
std::optional<Folded<ClusterView>> from_snapshot(std::string_view text);

}  // namespace ringrift::projections
