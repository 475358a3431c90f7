#include "ops/http/views_json.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "bus/json_kinds.hpp"

namespace ringrift::ops::http {
namespace json = boost::json;
using bus::json_detail::enum_name;

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value() : json::value(text);
}

json::value time_or_null(const std::optional<bus::Time>& time) {
    return time ? json::value(bus::to_text(*time)) : json::value();
}

json::array pentanomial_json(const std::array<std::int64_t, 5>& counts) {
    return json::array(counts.begin(), counts.end());
}

Response json_response(const json::object& body, int status) {
    return {.status = status, .body = json::serialize(body) + "\n"};
}

std::int64_t unix_seconds(bus::Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

double seconds_between(bus::Time from, bus::Time to) {
    return static_cast<double>(std::max<std::int64_t>(0, (to - from).count())) / 1000;
}

double from_milli(std::int64_t value) {
    return static_cast<double>(value) / 1000;
}
double from_micro(std::int64_t value) {
    return static_cast<double>(value) / 1e6;
}

const projections::RatingPool* pool_of(const projections::ClusterView& view,
                                       const bus::ConfigKey& config) {
    const auto found = view.ratings.pools.find(config);
    return found == view.ratings.pools.end() ? nullptr : &found->second;
}

json::object node_json(const bus::NodeId& id, const projections::NodeEntry& node,
                       const Sight& sight) {
    const auto leased = sight.view.work.leased_by_node.find(id);
    std::int64_t selfplay = 0;
    std::int64_t training = 0;
    std::int64_t active = 0;
    if (leased != sight.view.work.leased_by_node.end()) {
        for (const bus::WorkId& work : leased->second) {
            const projections::WorkItem* item = find(sight.view.work, work);
            if (item == nullptr) continue;
            ++active;
            if (item->order.type == bus::WorkType::selfplay) ++selfplay;
            if (item->order.type == bus::WorkType::training) ++training;
        }
    }
    const bus::Capacity& has = node.joined.capacity;
    const bool quarantined = node.quarantined_until_at && *node.quarantined_until_at > sight.now;
    const bool leads = sight.view.leadership.leader == id;
    json::object shown = {
        {"node_id", id.value},
        {"host", node.joined.host},
        {"port", node.joined.port},
        {"scheme", "http"},
        {"role", leads ? "leader" : "follower"},
        {"state", enum_name(node.status)},
        {"status", is_alive(node) ? "alive" : "dead"},
        {"is_alive", is_alive(node)},
        {"takes_work", takes_work(node, sight.now)},
        {"voter", node.joined.voter},
        {"version", node.joined.version},
        {"joined_at", bus::to_text(node.joined_at)},
        {"state_since", bus::to_text(node.changed_at)},
        {"reason", text_or_null(node.reason)},
        {"quarantined_until",
         quarantined ? time_or_null(node.quarantined_until_at) : json::value()},
        {"quarantine_reason", quarantined ? text_or_null(node.quarantine_reason) : json::value()},
        {"nat_status", text_or_null(node.nat_status)},
        {"relay", text_or_null(node.relay.value)},
        {"slots", has.slots},
        {"cpu_count", has.cpus},
        {"gpus", has.gpus},
        {"has_gpu", has.gpus > 0},
        {"gpu_name", node.joined.gpu_name},
        {"memory_bytes", has.memory_bytes},
        {"vram_bytes", has.vram_bytes},
        {"disk_bytes", has.disk_bytes},
        {"selfplay_jobs", selfplay},
        {"training_jobs", training},
        {"active_jobs", active},
        {"retired", node.status == projections::NodeStatus::retired}};
    return shown;
}

json::object model_json(const projections::Candidate& candidate,
                        const projections::ConfigTraining& config,
                        const projections::RatingPool* pool) {
    const bus::TrainingCompleted& trained = candidate.trained;
    json::object model = {{"model", trained.model.value},
                          {"config", trained.config.value},
                          {"generation", candidate.generation},
                          {"status", enum_name(candidate.status)},
                          {"best", config.best == trained.model},
                          {"parent", trained.parent.value},
                          {"trained_at", bus::to_text(candidate.trained_at)},
                          {"node", trained.node.value},
                          {"work_id", trained.work.value},
                          {"bytes", trained.bytes},
                          {"samples", trained.samples},
                          {"steps", trained.steps},
                          {"loss", from_micro(trained.loss_micro)},
                          {"baseline", text_or_null(candidate.baseline.value)},
                          {"pentanomial", pentanomial_json(candidate.pentanomial)},
                          {"decision", text_or_null(candidate.decision_reason)}};
    if (candidate.evaluation) {
        const bus::EvaluationCompleted& test = *candidate.evaluation;
        model["evaluation"] = json::object{{"verdict", enum_name(test.verdict)},
                                           {"games", test.games},
                                           {"llr", from_micro(test.llr_micro)},
                                           {"llr_lower", from_micro(test.llr_lower_micro)},
                                           {"llr_upper", from_micro(test.llr_upper_micro)},
                                           {"elo", from_milli(test.elo_milli)},
                                           {"elo_low", from_milli(test.elo_low_milli)},
                                           {"elo_high", from_milli(test.elo_high_milli)},
                                           {"reason", test.reason}};
    }
    const bool rated = pool != nullptr && pool->elo.contains(trained.model);
    model["elo"] =
        rated ? json::value(from_milli(pool->elo.at(trained.model).elo_milli)) : json::value();
    model["elo_error95"] =
        rated ? json::value(from_milli(pool->elo.at(trained.model).error95_milli)) : json::value();
    return model;
}

json::object config_training_json(const bus::ConfigKey& config, const Sight& sight) {
    const auto trained = sight.view.training.configs.find(config);
    const projections::ConfigTraining training = trained == sight.view.training.configs.end()
                                                     ? projections::ConfigTraining{}
                                                     : trained->second;
    const auto data = sight.view.data.configs.find(config);
    const bool has_data = data != sight.view.data.configs.end();
    std::int64_t waiting = 0;
    for (const auto& [model, candidate] : training.candidates) {
        if (candidate.status < projections::CandidateStatus::promoted) ++waiting;
    }
    const auto best = training.candidates.find(training.best);
    const projections::RatingPool* pool = pool_of(sight.view, config);
    const bool rated = pool != nullptr && pool->elo.contains(training.best);
    const auto weight = sight.view.training.weights_ppm.find(config);
    json::object shown = {
        {"best_model", training.best.value},
        {"generation", best == training.candidates.end() ? 0 : best->second.generation},
        {"elo",
         rated ? json::value(from_milli(pool->elo.at(training.best).elo_milli)) : json::value()},
        {"elo_error95", rated ? json::value(from_milli(pool->elo.at(training.best).error95_milli))
                              : json::value()},
        {"rating_games", pool == nullptr ? 0 : pool->games},
        {"candidates", training.candidates.size()},
        {"candidates_waiting", waiting},
        {"candidates_decided", training.evaluated},
        {"promotions", training.promoted.size()},
        {"games", has_data ? data->second.games : 0},
        {"games_synced", has_data ? data->second.games_synced : 0},
        {"games_exported", training.games_exported},
        {"exports", training.exports},
        {"trainings", training.trainings},
        {"trainings_failed", training.trainings_failed},
        {"last_training", time_or_null(training.last_training_at)}};
    shown["weight"] = weight == sight.view.training.weights_ppm.end()
                          ? json::value()
                          : json::value(from_micro(weight->second));
    return shown;
}

json::object loop_json(const LoopPulse& loop) {
    return {{"enabled", loop.enabled},
            {"why_disabled", text_or_null(loop.why_disabled)},
            {"leader_only", loop.leader_only},
            {"interval_seconds", from_milli(loop.period.count())},
            {"last_run", unix_seconds(loop.last_run_at)},
            {"last_success", unix_seconds(loop.last_success_at)},
            {"last_error_at", unix_seconds(loop.last_error_at)},
            {"last_error", text_or_null(loop.last_error)},
            {"runs", loop.runs},
            {"failures", loop.failures},
            {"asked", loop.asked},
            {"duration_ms", loop.duration.count()}};
}

std::vector<std::string> critical_failed(const Pulse& pulse) {
    std::vector<std::string> failed;
    for (const SubscriptionPulse& subscription : pulse.subscriptions) {
        if (subscription.critical && !subscription.healthy) failed.push_back(subscription.event);
    }
    return failed;
}

json::object subscriptions_json(const Pulse& pulse, bus::Time now) {
    std::map<std::string, bool> groups = {
        {"daemon_events", false}, {"feedback_signals", false}, {"manager_events", false}};
    std::map<std::string, bool> seen;
    json::object details;
    for (const SubscriptionPulse& subscription : pulse.subscriptions) {
        bool& healthy = groups[subscription.group];
        healthy = (healthy || !seen[subscription.group]) && subscription.healthy;
        seen[subscription.group] = true;
        details[subscription.event] = {
            {"group", subscription.group},
            {"healthy", subscription.healthy},
            {"last_canary", unix_seconds(subscription.last_canary_at)},
            {"oldest_unhandled_seconds", from_milli(subscription.oldest_unhandled.count())},
            {"problem", text_or_null(subscription.problem)}};
    }
    json::object shown;
    for (const auto& [group, healthy] : groups) shown[group] = healthy;
    shown["all_healthy"] =
        std::ranges::all_of(groups, [](const auto& group) { return group.second; });
    json::array failed;
    for (const std::string& event : critical_failed(pulse)) failed.emplace_back(event);
    shown["critical_failed"] = std::move(failed);
    shown["timestamp"] = unix_seconds(now);
    shown["details"] = std::move(details);
    return shown;
}

json::object disk_json(const Pulse& pulse) {
    const auto total = pulse.sample.disk_total_bytes;
    const double used = total > 0
                            ? 100.0 * (1.0 - static_cast<double>(pulse.sample.disk_free_bytes) /
                                                 static_cast<double>(total))
                            : 0.0;
    return {{"state", pulse.disk_state},
            {"reason", text_or_null(pulse.disk_reason)},
            {"free_bytes", pulse.sample.disk_free_bytes},
            {"total_bytes", total},
            {"used_percent", used}};
}

}  // namespace ringrift::ops::http
