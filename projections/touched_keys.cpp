#include "projections/touched_keys.hpp"

#include <algorithm>

#include "projections/work_index.hpp"

namespace ringrift::projections {
namespace {

/// The work that an event of the queue is about; null for any other.
const bus::WorkId* work_of(const bus::Fact& fact) {
    return std::visit(
        [](const auto& e) -> const bus::WorkId* {
            using Fact = std::decay_t<decltype(e)>;
            if constexpr (bus::is_readable<Fact>) {
                if constexpr (Fact::info.noun == bus::Noun::work && requires { e.work; })
                    return &e.work;
            }
            return nullptr;
        },
        fact);
}

std::string reason_in(const bus::Fact& fact) {
    return std::visit(
        [](const auto& e) -> std::string {
            if constexpr (requires { e.reason; })
                return e.reason;
            else
                return {};
        },
        fact);
}

void add_alerts_of(std::set<std::string>& alerts, const NodesView& view, const bus::NodeId& node) {
    for (const auto& [name, entry] : view.alerts) {
        if (entry.alert.node == node) alerts.insert(name);
    }
}

/// What an event of each type says it is about, beyond the work.
struct Named {
    Touched& into;

    void operator()(const bus::ResourceAlert& e) { into.alerts.insert(e.alert); }
    void operator()(const bus::AlertCleared& e) { into.alerts.insert(e.alert); }
    void operator()(const bus::GamesRecorded& e) { into.files.push_back(e.file); }
    void operator()(const bus::FileReplicated& e) { into.files.push_back(e.file); }
    void operator()(const bus::FileQuarantined& e) { into.files.push_back(e.file); }
    void operator()(const bus::FileDeleted& e) { into.files.push_back(e.file); }
    void operator()(const bus::DataSyncCompleted& e) { add_files(e.files); }
    void operator()(const bus::ManifestCollected& e) {
        into.manifests.insert(e.node);
        add_files(e.added);
        add_files(e.removed);
    }
    void operator()(const bus::WorkCompleted& e) {
        for (const bus::FileMade& made : e.result.files) into.files.push_back(made.file);
        into.trainings.insert(e.work);
    }
    void operator()(const bus::WorkQueued& e) {
        if (e.type == bus::WorkType::training) into.trainings.insert(e.work);
    }
    void operator()(const bus::NpzExportComplete& e) { into.trainings.insert(e.work); }
    void operator()(const bus::TrainingStarted& e) { into.trainings.insert(e.work); }
    void operator()(const bus::TrainingFailed& e) { into.trainings.insert(e.work); }
    void operator()(const bus::TrainingCompleted& e) {
        into.trainings.insert(e.work);
        into.models.emplace(e.config, e.model);
        into.files.push_back({e.model.value});
    }
    void operator()(const bus::EvaluationStarted& e) { into.models.emplace(e.config, e.model); }
    void operator()(const bus::EvaluationCompleted& e) { into.models.emplace(e.config, e.model); }
    void operator()(const bus::ModelPromoted& e) { into.models.emplace(e.config, e.model); }
    void operator()(const bus::PromotionRejected& e) { into.models.emplace(e.config, e.model); }
    void operator()(const bus::CurriculumRebalanced& e) { into.models.emplace(e.config, e.model); }
    void operator()(const bus::EloUpdated& e) { into.ratings.emplace(e.config, e.model); }
    void operator()(const bus::MatchPlayed& e) {
        into.trainings.insert(e.work);
        for (const bus::PairScore& score : e.scores) {
            const auto [low, high] = std::minmax(score.first, score.second);
            into.pairs.emplace(e.config, low, high);
        }
    }
    template <class Fact>
    void operator()(const Fact& e) {
        if constexpr (bus::is_readable<Fact>) {
            if constexpr (Fact::info.noun == bus::Noun::nodes && requires { e.node; })
                into.nodes.insert(e.node);
        }
    }

  private:
    void add_files(const std::vector<bus::FileDigest>& files) {
        into.files.insert(into.files.end(), files.begin(), files.end());
    }
};

template <class T>
void sort_out(std::vector<T>& items) {
    std::ranges::sort(items);
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

TouchedKeys::TouchedKeys(const ClusterView& view)
    : delayed_(view.work.delayed), ended_(view.work.ended), clock_at_(view.work.clock_at) {
    const LeadershipView& leadership = view.leadership;
    reign_ = {.epoch = leadership.epoch,
              .leader = leadership.leader,
              .elected_at = leadership.elected_at,
              .election = leadership.election};
}

void TouchedKeys::before(const ClusterView& view, const bus::Recorded& recorded) {
    const bus::Fact& fact = recorded.event.fact;
    matches_before_ = view.ratings.matches.size();
    job_before_.reset();
    if (const bus::WorkId* work = work_of(fact)) {
        const WorkItem* item = find(view.work, *work);
        if (item && item->lease) job_before_ = job_of(*item);
        if (!std::holds_alternative<bus::WorkCompleted>(fact)) return;
        const auto dependents = view.work.blocked.find(*work);
        if (dependents == view.work.blocked.end()) return;
        touched_.work.insert(touched_.work.end(), dependents->second.begin(),
                             dependents->second.end());
        return;
    }
    std::visit(
        bus::Overloaded{
            [&](const bus::NodeLeft& e) { add_alerts_of(touched_.alerts, view.nodes, e.node); },
            [&](const bus::NodeRetired& e) { add_alerts_of(touched_.alerts, view.nodes, e.node); },
            [&](const bus::NodeTerminated& e) {
                add_alerts_of(touched_.alerts, view.nodes, e.node);
            },
            [](const auto&) {},
        },
        fact);
}

void TouchedKeys::after(const ClusterView& view, const bus::Recorded& recorded) {
    const bus::Fact& fact = recorded.event.fact;
    std::visit(Named{touched_}, fact);
    clock_at_ = std::max(clock_at_, view.work.clock_at);
    if (const bus::WorkId* work = work_of(fact)) {
        const WorkItem* item = find(view.work, *work);
        touched_.work.push_back(*work);
        note_lease(item, recorded);
        const bool is_match = std::holds_alternative<bus::WorkCompleted>(fact) && item &&
                              item->order.type == bus::WorkType::evaluation;
        if (is_match) touched_.models.emplace(item->order.config, item->order.model);
    }
    note_reign(view.leadership, recorded);
    if (view.ratings.matches.size() > matches_before_) {
        const auto& match = std::get<bus::MatchPlayed>(fact);
        touched_.matches.emplace(match.match, row_of(match, recorded));
    }
}

void TouchedKeys::note_lease(const WorkItem* item, const bus::Recorded& recorded) {
    const bool holds = item && item->lease;
    if (holds) touched_.jobs[item->lease->fence] = job_of(*item);
    if (!job_before_ || (holds && item->lease->fence == job_before_->fence)) return;
    job_before_->ended_at = recorded.event.time;
    job_before_->outcome = bus::type_of(recorded.event);
    job_before_->reason = reason_in(recorded.event.fact);
    const bus::Position fence = job_before_->fence;
    touched_.jobs[fence] = std::move(*job_before_);
    job_before_.reset();
}

void TouchedKeys::note_reign(const LeadershipView& leadership, const bus::Recorded& recorded) {
    const bool is_same = leadership.epoch == reign_.epoch && leadership.leader == reign_.leader;
    if (is_same) return;
    const bool had_ended = reign_.epoch == 0 || reign_.leader.empty();
    if (!had_ended) {
        Reign& past = touched_.reigns[reign_.epoch];
        past = reign_;
        past.ended_at = recorded.event.time;
        past.ended_by = bus::type_of(recorded.event);
    }
    const bool is_new = leadership.epoch != reign_.epoch;
    reign_.leader = leadership.leader;
    if (!is_new) return;
    reign_ = {.epoch = leadership.epoch,
              .leader = leadership.leader,
              .elected_at = leadership.elected_at,
              .election = leadership.election};
    touched_.reigns[reign_.epoch] = reign_;
}

/// Of those written as delayed, the ones that wait like others now: none is let go before its time.
void TouchedKeys::find_promoted(const WorkView& view) {
    for (auto at = delayed_.begin(); at != delayed_.end() && at->first.first <= clock_at_;) {
        if (view.delayed.contains(at->first)) {
            ++at;
        } else {
            touched_.work.push_back(at->second);
            at = delayed_.erase(at);
        }
    }
}

/// Items leave the view from the front: the first that is still there ends the search.
void TouchedKeys::find_forgotten(const WorkView& view) {
    while (!ended_.empty() && !view.ended.contains(ended_.begin()->first)) {
        touched_.work.push_back(ended_.begin()->second);
        ended_.erase(ended_.begin());
    }
}

Touched TouchedKeys::take(const ClusterView& view) {
    find_promoted(view.work);
    find_forgotten(view.work);
    sort_out(touched_.work);
    sort_out(touched_.files);
    for (const bus::WorkId& work : touched_.work) {
        const WorkItem* item = find(view.work, work);
        if (item == nullptr) continue;
        const Spot spot = spot_of(*item);
        if (spot.line == Spot::Line::delayed) delayed_.emplace(spot.when, work);
        if (!is_open(item->status)) ended_.emplace(spot.when, work);
    }
    Touched taken;
    std::swap(taken, touched_);
    return taken;
}

}  // namespace ringrift::projections
