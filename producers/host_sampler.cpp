#include "producers/host_sampler.hpp"

#include <utility>

namespace ringrift::producers {

void HostSampler::sense(projections::HostView& view, bus::Position folded, bus::Time now) {
    sample(view, now);
    scan(view, folded, now);
    if (!view.jobs.empty()) view.idle_since_at.reset();
    if (view.jobs.empty() && !view.idle_since_at) view.idle_since_at = now;
    hear(view, view.self, own_heartbeat(view, now));
}

void HostSampler::sample(projections::HostView& view, bus::Time now) {
    const bool is_first = view.sample.at == bus::Time{};
    // A clock that was set back must not stop the sampling.
    const bool is_fresh = now >= view.sample.at && now - view.sample.at < sample_every;
    if (!is_first && is_fresh) return;
    view.sample = host_.sample(now);
    view.disk = judge_disk(policy_, view.disk.state, view.sample.disk_free_bytes,
                           view.sample.disk_total_bytes);
    auto& history = view.history;
    if (!history.empty() && now < history.back().at) history.clear();
    if (!history.empty() && now - history.back().at < history_every) return;
    history.push_back(view.sample);
    if (history.size() > history_max) history.erase(history.begin());
}

void HostSampler::scan(projections::HostView& view, bus::Position folded, bus::Time now) {
    if (scanning_) {
        auto files = host_.take_scan();
        if (!files) return;
        scanning_ = false;
        view.files = std::move(*files);
        view.files_scanned = true;
        view.files_as_of = scan_begun_;
        return;
    }
    if (scanned_at_ && now >= *scanned_at_ && now - *scanned_at_ < scan_every) return;
    scanned_at_ = now;
    scan_begun_ = folded;
    scanning_ = true;
    host_.begin_scan();
}

}  // namespace ringrift::producers
