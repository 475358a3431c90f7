#pragma once

// One line that says how the learning goes: games, queue, generation, Elo of each config, and what
// runs now. Redrawn in place on a terminal; a plain line now and then otherwise. Pure but for
// ProgressPrinter, which belongs to the node's thread.

#include <string>

#include "projections/cluster_view.hpp"
#include "projections/host_view.hpp"

namespace ringrift::ops {

/// At most `width` columns; 0 is no bound.
std::string progress_line(const projections::ClusterView& cluster,
                          const projections::HostView& host, bus::Duration uptime,
                          std::size_t width = 0);

/// Several lines for the end of a run: what was learnt, and where to look.
std::string closing_words(const projections::ClusterView& cluster, bus::Duration uptime);

class ProgressPrinter {
  public:
    /// Standard output; `is_terminal` decides between the two forms.
    explicit ProgressPrinter(bool is_terminal) : is_terminal_(is_terminal) {}

    void show(const projections::ClusterView& cluster, const projections::HostView& host,
              bus::Duration uptime, bus::Time now);
    /// Clears the line, so that something else can be printed; it comes back with the next `show`.
    void clear();

  private:
    static constexpr bus::Duration redraw = std::chrono::milliseconds(500);
    static constexpr bus::Duration plain = std::chrono::seconds(15);

    const bool is_terminal_;
    bus::Time shown_at_ = {};
    bool drawn_ = false;
};

}  // namespace ringrift::ops
