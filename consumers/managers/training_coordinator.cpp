#include "consumers/managers/training_coordinator.hpp"

#include <algorithm>

#include "consumers/work_order.hpp"
#include "producers/training.hpp"

namespace ringrift::consumers {
namespace {

using namespace producers;
using projections::Candidate;
using projections::CandidateStatus;
using projections::ClusterView;
using projections::ConfigData;
using projections::ConfigTraining;

template <class Map, class Key>
const typename Map::mapped_type* find_in(const Map& map, const Key& key) {
    const auto at = map.find(key);
    return at == map.end() ? nullptr : &at->second;
}

bool is_open_kind(const ClusterView& cluster, bus::WorkType type, const bus::ConfigKey& config) {
    const auto* open = find_in(cluster.work.open_by_kind, std::pair(type, config));
    return open != nullptr && *open > 0;
}

/// Synchronised games that no export was asked for yet.
std::int64_t games_waiting(const ClusterView& cluster, const bus::ConfigKey& config) {
    const ConfigData* data = find_in(cluster.data.configs, config);
    const ConfigTraining* training = find_in(cluster.training.configs, config);
    return (data == nullptr ? 0 : data->games_synced) -
           (training == nullptr ? 0 : training->games_exported);
}

/// The newest synchronised files that together hold at most `games_max` games, at least one file.
/// A file of which no copy is left is passed over: it must not fail every export from now on.
std::vector<bus::FileDigest> newest_files(const ClusterView& cluster, const ConfigData& data,
                                          std::int64_t games_max) {
    std::vector<bus::FileDigest> files;
    std::int64_t games = 0;
    for (auto at = data.synced.rbegin(); at != data.synced.rend(); ++at) {
        const projections::FileEntry& file = cluster.data.files.at(at->second);
        if (file.copies.empty()) continue;
        games += file.games;
        if (games > games_max && !files.empty()) break;
        files.push_back(at->second);
    }
    std::ranges::reverse(files);
    return files;
}

bool cooled_down(const Sight& sight, const ConfigTraining& training,
                 const bus::ConfigPolicy& policy) {
    return !training.last_training_at ||
           sight.now - *training.last_training_at >= policy.training_cooldown_ms;
}

/// What finished jobs mean, and how trainings fare.
Commands announcements(const ClusterView& cluster) {
    Commands commands;
    for (const auto& [work, done] : cluster.training.unannounced)
        commands.push_back(AnnounceResult{work});
    for (const auto& [work, said] : cluster.training.trainings) {
        if (said != "queued" && said != "started") continue;
        const auto* item = find(cluster.work, work);
        if (item == nullptr) continue;
        const bool runs = item->status == projections::WorkStatus::running;
        const bool ended_badly = !projections::is_open(item->status) &&
                                 item->status != projections::WorkStatus::completed;
        if (ended_badly || (runs && said == "queued")) commands.push_back(AnnounceTraining{work});
    }
    return commands;
}

/// One candidate of a config is judged at a time, the oldest first: judged beside each other, all
/// but the first to pass would have been measured against a model that is no longer the best.
bool is_next(const Sight& sight, const ConfigTraining& training, const Candidate& candidate) {
    if (awaits_file(sight, candidate)) return false;
    return std::ranges::none_of(training.candidates, [&](const auto& entry) {
        const Candidate& other = entry.second;
        const bool under_way = other.status == CandidateStatus::evaluating ||
                               other.status == CandidateStatus::evaluated;
        const bool older = other.status == CandidateStatus::trained &&
                           other.generation < candidate.generation && !awaits_file(sight, other);
        return under_way || older;
    });
}

/// A candidate that nobody has begun to judge. With one of them waiting the next would only be
/// trained to wait as well: where training is faster than judging, the line grew without end.
bool candidate_waits(const Sight& sight, const ConfigTraining& training) {
    return std::ranges::any_of(training.candidates, [&](const auto& entry) {
        return entry.second.status == CandidateStatus::trained && !awaits_file(sight, entry.second);
    });
}

/// What is nearly never due is asked for only when it would be granted, so that refusals stay news.
bool is_accepted(const Sight& sight, const Command& command) {
    return std::holds_alternative<std::vector<Draft>>(decide(sight, command));
}

void add(Commands& commands, Commands more) {
    std::ranges::move(more, std::back_inserter(commands));
}

}  // namespace

Readiness TrainingCoordinator::check_readiness(const Sight& sight,
                                               const bus::ConfigKey& config) const {
    const ClusterView& cluster = sight.cluster;
    const auto* policy = policy_of(cluster.leadership, config);
    if (policy == nullptr) return {.reason = "the cluster config does not name " + config.value};
    Readiness readiness;
    const std::int64_t waiting = games_waiting(cluster, config);
    if (is_open_kind(cluster, bus::WorkType::export_, config)) {
        readiness.reason = "an export is under way";
    } else if (waiting < policy->games_to_export) {
        readiness.reason = std::to_string(waiting) + " of " +
                           std::to_string(policy->games_to_export) +
                           " new games for the next export";
    } else {
        readiness.export_due = true;
        readiness.reason = "an export is due";
    }
    const ConfigTraining* training = find_in(cluster.training.configs, config);
    if (training == nullptr || !training->export_waiting) return readiness;
    if (is_open_kind(cluster, bus::WorkType::training, config)) {
        readiness.reason = "a training is under way";
    } else if (candidate_waits(sight, *training)) {
        readiness.reason = "a candidate waits to be evaluated";
    } else if (training->export_waiting->samples < policy->samples_to_train) {
        readiness.reason = std::to_string(training->export_waiting->samples) + " of " +
                           std::to_string(policy->samples_to_train) + " samples to train";
    } else if (!cooled_down(sight, *training, *policy)) {
        readiness.reason = "the last training is too recent";
    } else {
        readiness.training_due = true;
        readiness.reason = "a training is due";
    }
    return readiness;
}

Commands TrainingCoordinator::dispatch_export_job(const Sight& sight,
                                                  const bus::ConfigKey& config) const {
    const ConfigData* data = find_in(sight.cluster.data.configs, config);
    const auto* policy = policy_of(sight.cluster.leadership, config);
    if (data == nullptr || policy == nullptr) return {};
    QueueWork command = {.cause = data->last_sync_event, .correlation = data->correlation};
    command.work =
        make_order(sight.cluster, bus::WorkType::export_, config,
                   {"export-" + config.value + "-" + std::to_string(data->last_sync)}, run_seed_);
    command.work.dedup_key = "export/" + config.value;
    command.work.inputs = newest_files(sight.cluster, *data, policy->window_games);
    command.work.games = data->games_synced;
    if (command.work.inputs.empty()) return {};
    return {std::move(command)};
}

Commands TrainingCoordinator::dispatch_training_job(const Sight& sight,
                                                    const bus::ConfigKey& config) const {
    if (!check_readiness(sight, config).training_due) return {};
    const ConfigTraining& training = sight.cluster.training.configs.at(config);
    QueueWork command = {.cause = training.export_waiting->event,
                         .correlation = training.export_waiting->correlation};
    command.work = make_order(
        sight.cluster, bus::WorkType::training, config,
        {"training-" + config.value + "-" + std::to_string(training.export_waiting->position)},
        run_seed_);
    command.work.dedup_key = "training/" + config.value;
    command.work.model = training.best;
    command.work.inputs = {training.export_waiting->file};
    return {std::move(command)};
}

Commands TrainingCoordinator::evaluate(const Sight& sight, const bus::ConfigPolicy& policy) const {
    const ConfigTraining* training = find_in(sight.cluster.training.configs, policy.config);
    if (training == nullptr) return {};
    Commands commands;
    for (const auto& [model, candidate] : training->candidates) {
        switch (candidate.status) {
            case CandidateStatus::trained:
                if (is_next(sight, *training, candidate))
                    commands.push_back(StartEvaluation{policy.config, model});
                break;
            case CandidateStatus::evaluated:
                commands.push_back(DecidePromotion{policy.config, model});
                break;
            case CandidateStatus::promoted:
            case CandidateStatus::rejected:
                if (!candidate.rebalanced)
                    commands.push_back(RebalanceCurriculum{policy.config, model});
                break;
            case CandidateStatus::evaluating: {
                const bool failed =
                    producers::cannot_be_judged(sight.cluster, policy.config, candidate);
                if (producers::judge(candidate, policy, failed)) {
                    commands.push_back(ConcludeEvaluation{policy.config, model});
                    break;
                }
                const auto played = static_cast<std::int64_t>(candidate.matches.size());
                for (std::int64_t n = played; n < played + matches_open_max; ++n) {
                    if (n * policy.pairs_per_batch >= policy.pairs_max) break;
                    const bus::WorkId match = producers::evaluation_match(policy.config, model, n);
                    if (find(sight.cluster.work, match) != nullptr) continue;
                    QueueWork command = {.cause = candidate.last_event,
                                         .correlation = candidate.correlation};
                    command.work = make_order(sight.cluster, bus::WorkType::evaluation,
                                              policy.config, match, run_seed_);
                    command.work.model = model;
                    command.work.baseline = candidate.baseline;
                    command.work.games = std::min(policy.pairs_per_batch,
                                                  policy.pairs_max - n * policy.pairs_per_batch);
                    commands.push_back(std::move(command));
                }
            }
        }
    }
    return commands;
}

Commands TrainingCoordinator::step(const Sight& sight) const {
    Commands commands = announcements(sight.cluster);
    for (const bus::ConfigPolicy& policy : sight.cluster.leadership.config.configs) {
        const Readiness readiness = check_readiness(sight, policy.config);
        if (readiness.export_due) add(commands, dispatch_export_job(sight, policy.config));
        if (readiness.training_due) add(commands, dispatch_training_job(sight, policy.config));
        add(commands, evaluate(sight, policy));
        for (const Command& command :
             {Command(DetectRegression{policy.config}), Command(RollBackModel{policy.config})}) {
            if (is_accepted(sight, command)) commands.push_back(command);
        }
    }
    return commands;
}

}  // namespace ringrift::consumers
