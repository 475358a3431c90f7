#include "projections/sql_tables.hpp"

#include <array>

namespace ringrift::projections {
namespace {

using enum SqlType;

constexpr auto nodes_columns = std::to_array<SqlColumn>({{"node", text},
                                                         {"incarnation", integer},
                                                         {"status", text},
                                                         {"draining", truth},
                                                         {"reason", text},
                                                         {"host", text},
                                                         {"port", integer},
                                                         {"gpu_name", text},
                                                         {"capabilities", json},
                                                         {"version", text},
                                                         {"voter", truth},
                                                         {"slots", integer},
                                                         {"cpus", integer},
                                                         {"gpus", integer},
                                                         {"memory_bytes", integer},
                                                         {"vram_bytes", integer},
                                                         {"disk_bytes", integer},
                                                         {"joined_at", time},
                                                         {"changed_at", time},
                                                         {"changed", integer},
                                                         {"last_event", text},
                                                         {"quarantined_until", time},
                                                         {"quarantine_reason", text},
                                                         {"trusted_since", time},
                                                         {"nat_status", text},
                                                         {"relay", text}});
constexpr auto alerts_columns = std::to_array<SqlColumn>({{"alert", text},
                                                          {"node", text},
                                                          {"severity", text},
                                                          {"value_ppm", integer},
                                                          {"bound_ppm", integer},
                                                          {"predicted_at", time},
                                                          {"message", text},
                                                          {"since_at", time},
                                                          {"event", text},
                                                          {"position", integer}});
constexpr auto leaders_columns = std::to_array<SqlColumn>({{"epoch", integer},
                                                           {"leader", text},
                                                           {"elected_at", time},
                                                           {"election", text},
                                                           {"ended_at", time},
                                                           {"ended_by", text}});
constexpr auto voters_columns = std::to_array<SqlColumn>({{"node", text}});
constexpr auto work_items_columns = std::to_array<SqlColumn>({{"work", text},
                                                              {"type", text},
                                                              {"config", text},
                                                              {"status", text},
                                                              {"priority", integer},
                                                              {"model", text},
                                                              {"baseline", text},
                                                              {"games", integer},
                                                              {"queued", integer},
                                                              {"queued_at", time},
                                                              {"node", text},
                                                              {"fence", integer},
                                                              {"claimed_at", time},
                                                              {"started_at", time},
                                                              {"attempts", integer},
                                                              {"claims", integer},
                                                              {"setbacks_total", integer},
                                                              {"not_before_at", time},
                                                              {"ended_at", time},
                                                              {"reason", text},
                                                              {"evidence", text},
                                                              {"changed", integer},
                                                              {"last_event", text},
                                                              {"correlation", text},
                                                              {"setbacks", json},
                                                              {"blockers", json},
                                                              {"result", json},
                                                              {"in_view", truth}});
constexpr auto jobs_columns = std::to_array<SqlColumn>({{"fence", integer},
                                                        {"work", text},
                                                        {"type", text},
                                                        {"config", text},
                                                        {"node", text},
                                                        {"claimed_at", time},
                                                        {"started_at", time},
                                                        {"ended_at", time},
                                                        {"outcome", text},
                                                        {"reason", text}});
constexpr auto files_columns = std::to_array<SqlColumn>({{"file", text},
                                                         {"kind", text},
                                                         {"config", text},
                                                         {"name", text},
                                                         {"bytes", integer},
                                                         {"games", integer},
                                                         {"model", text},
                                                         {"work", text},
                                                         {"recorded", integer},
                                                         {"event", text},
                                                         {"synced", truth}});
constexpr auto replicas_columns = std::to_array<SqlColumn>(
    {{"file", text}, {"node", text}, {"copied", truth}, {"damaged", truth}});
constexpr auto manifests_columns = std::to_array<SqlColumn>({{"node", text},
                                                             {"digest", text},
                                                             {"files", integer},
                                                             {"bytes", integer},
                                                             {"collected_at", time}});
constexpr auto syncs_columns = std::to_array<SqlColumn>({{"sync", text},
                                                         {"config", text},
                                                         {"state", text},
                                                         {"why", text},
                                                         {"files", integer},
                                                         {"changed_at", time},
                                                         {"in_view", truth}});
constexpr auto configs_columns = std::to_array<SqlColumn>({{"config", text},
                                                           {"best", text},
                                                           {"promoted", json},
                                                           {"games", integer},
                                                           {"games_synced", integer},
                                                           {"files_unsynced", integer},
                                                           {"last_sync", integer},
                                                           {"exports", integer},
                                                           {"games_exported", integer},
                                                           {"export_waiting", json},
                                                           {"trainings", integer},
                                                           {"trainings_failed", integer},
                                                           {"last_training_at", time},
                                                           {"evaluated", integer},
                                                           {"regressions", integer},
                                                           {"rating_games", integer},
                                                           {"rating_games_said", integer},
                                                           {"policy", json}});
constexpr auto models_columns = std::to_array<SqlColumn>({{"config", text},
                                                          {"model", text},
                                                          {"status", text},
                                                          {"generation", integer},
                                                          {"trained_at", time},
                                                          {"work", text},
                                                          {"parent", text},
                                                          {"node", text},
                                                          {"bytes", integer},
                                                          {"samples", integer},
                                                          {"steps", integer},
                                                          {"loss_micro", integer},
                                                          {"baseline", text},
                                                          {"pentanomial", json},
                                                          {"matches", json},
                                                          {"decision_reason", text},
                                                          {"rebalanced", truth},
                                                          {"last_event", text},
                                                          {"correlation", text}});
constexpr auto evaluations_columns = std::to_array<SqlColumn>({{"config", text},
                                                               {"model", text},
                                                               {"baseline", text},
                                                               {"verdict", text},
                                                               {"pentanomial", json},
                                                               {"games", integer},
                                                               {"llr_micro", integer},
                                                               {"llr_lower_micro", integer},
                                                               {"llr_upper_micro", integer},
                                                               {"elo_milli", integer},
                                                               {"elo_low_milli", integer},
                                                               {"elo_high_milli", integer},
                                                               {"works", json},
                                                               {"reason", text}});
constexpr auto trainings_columns = std::to_array<SqlColumn>({{"work", text}, {"state", text}});
constexpr auto unannounced_columns = std::to_array<SqlColumn>({{"work", text},
                                                               {"node", text},
                                                               {"ordered", json},
                                                               {"result", json},
                                                               {"event", text},
                                                               {"correlation", text}});
constexpr auto curriculum_columns =
    std::to_array<SqlColumn>({{"config", text}, {"weight_ppm", integer}, {"event", text}});
constexpr auto matches_columns = std::to_array<SqlColumn>({{"match", text},
                                                           {"config", text},
                                                           {"work", text},
                                                           {"games", integer},
                                                           {"scores", json},
                                                           {"position", integer},
                                                           {"played_at", time}});
constexpr auto rating_pairs_columns = std::to_array<SqlColumn>({{"config", text},
                                                                {"first", text},
                                                                {"second", text},
                                                                {"wins", integer},
                                                                {"draws", integer},
                                                                {"losses", integer}});
constexpr auto ratings_columns = std::to_array<SqlColumn>({{"config", text},
                                                           {"model", text},
                                                           {"elo_milli", integer},
                                                           {"error95_milli", integer},
                                                           {"games", integer}});
constexpr auto counts_columns =
    std::to_array<SqlColumn>({{"kind", text}, {"name", text}, {"count", integer}});

}  // namespace

namespace sql {

constinit const SqlTable nodes = {"nodes", nodes_columns, 1, WhenGone::erased};
constinit const SqlTable alerts = {"alerts", alerts_columns, 1, WhenGone::erased};
constinit const SqlTable leaders = {"leaders", leaders_columns, 1, WhenGone::kept};
constinit const SqlTable voters = {"voters", voters_columns, 1, WhenGone::erased};
constinit const SqlTable work_items = {"work_items", work_items_columns, 1, WhenGone::kept};
constinit const SqlTable jobs = {"jobs", jobs_columns, 1, WhenGone::kept};
constinit const SqlTable files = {"files", files_columns, 1, WhenGone::erased};
constinit const SqlTable replicas = {"replicas", replicas_columns, 2, WhenGone::erased};
constinit const SqlTable manifests = {"manifests", manifests_columns, 1, WhenGone::erased};
constinit const SqlTable syncs = {"syncs", syncs_columns, 1, WhenGone::kept};
constinit const SqlTable configs = {"configs", configs_columns, 1, WhenGone::erased};
constinit const SqlTable models = {"models", models_columns, 2, WhenGone::erased};
constinit const SqlTable evaluations = {"evaluations", evaluations_columns, 2, WhenGone::erased};
constinit const SqlTable trainings = {"trainings", trainings_columns, 1, WhenGone::erased};
constinit const SqlTable unannounced = {"unannounced", unannounced_columns, 1, WhenGone::erased};
constinit const SqlTable curriculum = {"curriculum", curriculum_columns, 1, WhenGone::erased};
constinit const SqlTable matches = {"matches", matches_columns, 1, WhenGone::kept};
constinit const SqlTable rating_pairs = {"rating_pairs", rating_pairs_columns, 3, WhenGone::erased};
constinit const SqlTable ratings = {"ratings", ratings_columns, 2, WhenGone::erased};
constinit const SqlTable counts = {"counts", counts_columns, 2, WhenGone::erased};

}  // namespace sql

std::span<const SqlTable* const> sql_tables() {
    static constexpr std::array all = {
        &sql::nodes,      &sql::alerts,  &sql::leaders,      &sql::voters,    &sql::work_items,
        &sql::jobs,       &sql::files,   &sql::replicas,     &sql::manifests, &sql::syncs,
        &sql::configs,    &sql::models,  &sql::evaluations,  &sql::trainings, &sql::unannounced,
        &sql::curriculum, &sql::matches, &sql::rating_pairs, &sql::ratings,   &sql::counts};
    return all;
}

}  // namespace ringrift::projections
