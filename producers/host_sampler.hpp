#pragma once

// Host -> HostView, once per turn of the node, before anything that reads it.
//
// Takes a sample every second and keeps one every 5 minutes, a day of them. Judges the disk. Has
// the data directory read again every 30 seconds, and notes how far the log was folded when the
// reading began. Says the node's own heartbeat, which names the jobs that JobManager knows of, and
// since when there are none. Belongs to the node's thread.

#include "producers/host.hpp"

namespace ringrift::producers {

class HostSampler {
  public:
    static constexpr bus::Duration sample_every = std::chrono::seconds(1);
    static constexpr bus::Duration history_every = std::chrono::minutes(5);
    static constexpr std::size_t history_max = 288;  ///< A day.
    static constexpr bus::Duration scan_every = std::chrono::seconds(30);

    explicit HostSampler(Host& host, projections::DiskPolicy policy = {})
        : host_(host), policy_(policy) {}

    /// `folded` is the position of the cluster view that the node has now.
    void sense(projections::HostView& view, bus::Position folded, bus::Time now);

  private:
    void sample(projections::HostView& view, bus::Time now);
    void scan(projections::HostView& view, bus::Position folded, bus::Time now);

    Host& host_;
    projections::DiskPolicy policy_;
    bool scanning_ = false;
    bus::Position scan_begun_ = 0;              ///< Folded when the scan began.
    std::optional<bus::Time> scanned_at_ = {};  ///< When the last scan began.
};

}  // namespace ringrift::producers
