#include "consumers/managers/state_manager.hpp"

#include <charconv>

#include "producers/ballot.hpp"
#include "projections/snapshot.hpp"

namespace ringrift::consumers {
namespace {

constexpr std::string_view incarnation_name = "incarnation";
constexpr std::string_view snapshot_name = "snapshot";

std::int64_t number_in(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

bus::Result<StateManager::Loaded, std::string> StateManager::load_state(bus::Position log_last) {
    const auto before = store_.get(incarnation_name);
    if (!before) return store_.trouble();
    Loaded loaded = {.incarnation = (*before ? number_in(**before) : 0) + 1};
    const auto counted = store_.put(incarnation_name, std::to_string(loaded.incarnation));
    if (!counted) return store_.trouble();
    const auto text = store_.get(snapshot_name);
    if (!text) loaded.remark = store_.trouble() + "; folding the log from the start";
    if (!text || !*text || (*text)->empty()) return loaded;
    auto snapshot = projections::from_snapshot(**text);
    if (!snapshot) {
        loaded.remark =
            "the snapshot is of another version or damaged; folding the log from the start";
    } else if (snapshot->position > log_last) {
        loaded.remark = "the snapshot is ahead of the log; folding the log from the start";
    } else {
        loaded.snapshot = saved_ = snapshot->position;
        folded_ = std::move(*snapshot);
    }
    return loaded;
}

bus::Result<bus::Done, std::string> StateManager::forget_log(projections::Store& store) {
    if (!store.put(snapshot_name, "")) return store.trouble();
    return producers::save_ballot(store, {});
}

bool StateManager::save_state(bus::Time now, bool now_anyway) {
    const bus::Position since = folded_.position - saved_;
    const bool has_paused = now - tried_at_ >= snapshot_pause_min || now < tried_at_;
    const bool is_due = since >= events_per_snapshot && has_paused;
    if (since == 0 || (!now_anyway && !is_due)) return false;
    tried_at_ = now;
    const std::string text = projections::to_snapshot(folded_);
    saved_ = folded_.position;  // also after a failure: not to be tried again at once
    const auto saved = store_.put(snapshot_name, text);
    remark_ = saved ? std::string() : store_.trouble();
    if (!saved) return false;
    snapshot_bytes_ = static_cast<std::int64_t>(text.size());
    snapshot_at_ = now;
    return true;
}

}  // namespace ringrift::consumers
