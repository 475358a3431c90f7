// /nodes, /models, /elo, /sync: who is here, what was learned, where the files
// are.

#include <algorithm>

#include <boost/json.hpp>

#include "bus/json_kinds.hpp"
#include "ops/http/parameters.hpp"
#include "ops/http/views_json.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;

constexpr std::int64_t models_max = 10'000;
constexpr std::size_t moves_shown_max = 20;  // Of each sync.

Answer nodes(const Sight& sight, const Call&) {
    json::array shown;
    for (const auto& [id, node] : sight.view.nodes.nodes) {
        json::object entry = node_json(id, node, sight);
        const auto beat = sight.pulse.heartbeats.find(id);
        entry["last_heartbeat"] =
            beat == sight.pulse.heartbeats.end() ? 0 : unix_seconds(beat->second.at);
        shown.push_back(std::move(entry));
    }
    const std::size_t count = shown.size();
    return json_response({{"nodes", std::move(shown)}, {"count", count}});
}

std::optional<Response> unknown_config(const Sight& sight, const std::string& config) {
    const bus::ConfigKey key = {config};
    const bool known = config.empty() || sight.view.training.configs.contains(key) ||
                       sight.view.ratings.pools.contains(key) ||
                       sight.view.data.configs.contains(key) ||
                       policy_of(sight.view.leadership, key) != nullptr;
    if (known) return {};
    return error_response(404, "unknown_config", "There is no config '" + config + "'.",
                          "GET /status .training names them.");
}

Answer models(const Sight& sight, const Call& call) {
    Parameters parameters(call.request);
    const std::string config = parameters.text("config");
    const auto limit = static_cast<std::size_t>(parameters.integer("limit", 1000, 1, models_max));
    if (parameters.problem()) return *parameters.problem();
    if (auto refusal = unknown_config(sight, config)) return *std::move(refusal);
    json::array shown;
    for (const auto& [key, training] : sight.view.training.configs) {
        if (!config.empty() && key.value != config) continue;
        std::vector<const projections::Candidate*> newest;
        for (const auto& [model, candidate] : training.candidates) newest.push_back(&candidate);
        std::ranges::sort(
            newest, [](const auto* a, const auto* b) { return a->generation > b->generation; });
        for (const auto* candidate : newest) {
            if (shown.size() < limit)
                shown.push_back(model_json(*candidate, training, pool_of(sight.view, key)));
        }
    }
    const std::size_t count = shown.size();
    return json_response({{"models", std::move(shown)}, {"count", count}});
}

json::object pool_json(const Sight& sight, const bus::ConfigKey& config,
                       const projections::RatingPool& pool) {
    std::vector<const bus::EloUpdated*> best;
    for (const auto& [model, elo] : pool.elo) best.push_back(&elo);
    std::ranges::sort(best,
                      [](const auto* a, const auto* b) { return a->elo_milli > b->elo_milli; });
    const auto training = sight.view.training.configs.find(config);
    json::array ratings;
    for (const bus::EloUpdated* elo : best) {
        json::object row = {{"model", elo->model.value},
                            {"elo", from_milli(elo->elo_milli)},
                            {"error95", from_milli(elo->error95_milli)},
                            {"games", elo->games}};
        row["best"] =
            training != sight.view.training.configs.end() && training->second.best == elo->model;
        row["generation"] = 0;
        if (training != sight.view.training.configs.end()) {
            const auto candidate = training->second.candidates.find(elo->model);
            if (candidate != training->second.candidates.end())
                row["generation"] = candidate->second.generation;
        }
        ratings.push_back(std::move(row));
    }
    return {{"ratings", std::move(ratings)},
            {"games", pool.games},
            {"games_rated", pool.games_said},
            {"anchor", bus::init_model.value}};
}

Answer elo(const Sight& sight, const Call& call) {
    const std::string config = Parameters(call.request).text("config");
    if (auto refusal = unknown_config(sight, config)) return *std::move(refusal);
    json::object configs;
    for (const auto& [key, pool] : sight.view.ratings.pools) {
        if (config.empty() || key.value == config) configs[key.value] = pool_json(sight, key, pool);
    }
    return json_response({{"configs", std::move(configs)}});
}

Answer sync(const Sight& sight, const Call&) {
    const projections::DataView& data = sight.view.data;
    json::object configs, manifests;
    json::array syncs;
    for (const auto& [config, state] : data.configs) {
        configs[config.value] = json::object{{"games", state.games},
                                             {"games_synced", state.games_synced},
                                             {"files_synced", state.synced.size()},
                                             {"files_unsynced", state.unsynced.size()},
                                             {"last_sync_position", state.last_sync}};
    }
    for (const auto& [node, manifest] : data.manifests) {
        manifests[node.value] = json::object{{"files", manifest.files},
                                             {"bytes", manifest.bytes},
                                             {"digest", manifest.digest},
                                             {"collected_at", bus::to_text(manifest.collected_at)}};
    }
    for (auto at = data.syncs.end(); at != data.syncs.begin();) {
        const auto& [id, entry] = *--at;
        json::array moves;
        for (const bus::PlannedMove& move : entry.moves) {
            if (moves.size() == moves_shown_max) break;
            moves.push_back({{"file", move.file.value},
                             {"source", move.source.value},
                             {"target", move.target.value},
                             {"why", move.why}});
        }
        syncs.push_back({{"sync", id},
                         {"config", entry.config.value},
                         {"state", entry.state},
                         {"why", entry.why},
                         {"files", entry.files},
                         {"files_left", entry.moves.size()},
                         {"moves_left", std::move(moves)},
                         {"changed_at", bus::to_text(entry.changed_at)}});
    }
    std::int64_t damaged = 0;
    for (const auto& [digest, file] : data.files) damaged += file.damaged.empty() ? 0 : 1;
    return json_response({{"configs", std::move(configs)},
                          {"syncs", std::move(syncs)},
                          {"manifests", std::move(manifests)},
                          {"files", data.files.size()},
                          {"files_damaged_somewhere", damaged}});
}

}  // namespace

std::vector<Route> cluster_routes() {
    return {
        {.method = "GET",
         .pattern = "/nodes",
         .summary = "Every node that ever joined",
         .answer = nodes,
         .kept = true},
        {.method = "GET",
         .pattern = "/models",
         .summary = "Candidates and what became of them, newest first",
         .query = {{"config", "string", "e.g. hex5_2p"}, {"limit", "integer", "At most so many"}},
         .answer = models,
         .kept = true},
        {.method = "GET",
         .pattern = "/elo",
         .summary = "Ratings with their 95 % error bars, best first; the first "
                    "network is 0",
         .query = {{"config", "string", "e.g. hex5_2p"}},
         .answer = elo,
         .kept = true},
        {.method = "GET",
         .pattern = "/sync",
         .summary = "Games by config, manifests by node, the last synchronisations",
         .answer = sync,
         .kept = true},
    };
}

}  // namespace ringrift::ops::http
