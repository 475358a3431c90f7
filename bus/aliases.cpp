#include "bus/aliases.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "bus/time.hpp"

namespace ringrift::bus {
namespace {

namespace json = boost::json;

struct TypeAlias {
    std::string_view alias;  ///< In upper case.
    std::string_view type;
};

// `shadow_tournament_complete` is deliberately no EVALUATION_COMPLETED, as it was in the original:
// a few unpaired games then passed for an evaluation and promoted networks. It says that a
// tournament was held, and no more.
constexpr TypeAlias type_aliases[] = {
    {"SYNC_COMPLETE", "DATA_SYNC_COMPLETED"},
    {"SYNC_COMPLETED", "DATA_SYNC_COMPLETED"},
    {"DATA_SYNC_COMPLETE", "DATA_SYNC_COMPLETED"},
    {"CLUSTER_SYNC_COMPLETE", "DATA_SYNC_COMPLETED"},
    {"CLUSTER_SYNC_COMPLETED", "DATA_SYNC_COMPLETED"},
    {"SYNC_STARTED", "DATA_SYNC_STARTED"},
    {"SYNC_FAILED", "DATA_SYNC_FAILED"},
    {"SELFPLAY_COMPLETE", "GAMES_RECORDED"},
    {"SELFPLAY_COMPLETED", "GAMES_RECORDED"},
    {"SELFPLAY_BATCH_COMPLETE", "GAMES_RECORDED"},
    {"CANONICAL_SELFPLAY_COMPLETE", "GAMES_RECORDED"},
    {"GPU_SELFPLAY_COMPLETE", "GAMES_RECORDED"},
    {"TRAINING_COMPLETE", "TRAINING_COMPLETED"},
    {"TRAINING_START", "TRAINING_STARTED"},
    {"TRAINING_FAIL", "TRAINING_FAILED"},
    {"EVALUATION_COMPLETE", "EVALUATION_COMPLETED"},
    {"EVALUATION_START", "EVALUATION_STARTED"},
    {"SHADOW_TOURNAMENT_COMPLETE", "TOURNAMENT_COMPLETED"},
    {"TOURNAMENT_COMPLETE", "TOURNAMENT_COMPLETED"},
    {"PROMOTION_COMPLETE", "MODEL_PROMOTED"},
    {"PROMOTION_COMPLETED", "MODEL_PROMOTED"},
    {"TIER_GATING_COMPLETE", "MODEL_PROMOTED"},
    {"EXPORT_COMPLETE", "NPZ_EXPORT_COMPLETE"},
    {"ELO_CALIBRATION_COMPLETE", "ELO_UPDATED"},
};

struct FieldAlias {
    std::string_view alias;
    std::string_view field;
    double scale = 1;            ///< Our unit per theirs.
    std::string_view only = {};  ///< The type that it holds for; empty: for all.
};

// Where a type has several of the aliases, the first in this list is taken.
constexpr FieldAlias field_aliases[] = {
    {"config_key", "config"},
    {"node_id", "node"},
    {"host", "node"},
    {"host_id", "node"},
    {"hostname", "node"},
    {"node_name", "node"},
    {"trained_by", "node"},
    {"source_node", "node"},
    {"work_id", "work"},
    {"job_id", "work"},
    {"task_id", "work"},
    {"sync_id", "sync"},
    {"match_id", "match"},
    {"tournament_id", "tournament"},
    {"model_id", "model"},
    {"parent_model", "parent"},
    {"baseline_model", "baseline"},
    {"error", "reason"},
    {"db_path", "name"},
    {"output_path", "name"},
    {"file_count", "files", 1, "DATA_SYNC_STARTED"},
    {"games_completed", "games"},
    {"games_played", "games"},
    {"games_generated", "games"},
    {"games_count", "games"},
    {"game_count", "games"},
    {"games_synced", "games"},
    {"total_games", "games"},
    {"samples_trained", "samples"},
    {"training_samples", "samples"},
    {"samples_exported", "samples"},
    {"final_loss", "loss_micro", 1e6},
    {"loss", "loss_micro", 1e6},
    {"val_loss", "loss_micro", 1e6},
    {"duration_seconds", "run_ms", 1e3},
    {"duration", "run_ms", 1e3},
    {"timeout_seconds", "timeout_ms", 1e3},
    {"elo", "elo_milli", 1e3},
    {"new_elo", "elo_milli", 1e3},
    {"best_elo", "elo_milli", 1e3},
    {"estimated_elo", "elo_milli", 1e3},
};

constexpr double exact_max =
    9007199254740992.0;  // 2^53: doubles beyond it are not integers we trust.

bool has_field(const FactKind& kind, std::string_view name) {
    return std::ranges::find(kind.fields, name) != kind.fields.end();
}

/// The number as an integer in our unit, rounded; empty when it is none.
std::optional<std::int64_t> scaled(const json::value& value, double scale) {
    if (!value.is_number()) return {};
    json::error_code ignored;
    const double number = value.to_number<double>(ignored) * scale;
    if (!std::isfinite(number) || std::abs(number) > exact_max) return {};
    return static_cast<std::int64_t>(std::llround(number));
}

void drop_nulls(json::object& data) {
    for (auto member = data.begin(); member != data.end();) {
        member = member->value().is_null() ? data.erase(member) : member + 1;
    }
}

void rename_fields(const FactKind& kind, json::object& data) {
    for (const FieldAlias& row : field_aliases) {
        const bool holds = (row.only.empty() || row.only == kind.info.type) &&
                           has_field(kind, row.field) && !has_field(kind, row.alias) &&
                           data.contains(row.alias) && !data.contains(row.field);
        if (!holds) continue;
        json::value value = data.at(row.alias);
        if (row.scale != 1) {
            if (const auto number = scaled(value, row.scale)) value = *number;
        }
        data.emplace(row.field, std::move(value));
    }
}

/// hex8 and 2 -> hex8_2p
void rebuild_config(const FactKind& kind, json::object& data) {
    const auto* board = data.if_contains("board_type");
    const auto* players = data.if_contains("num_players");
    const bool holds = has_field(kind, "config") && !data.contains("config") && board != nullptr &&
                       board->is_string() && players != nullptr && players->is_int64();
    if (!holds) return;
    data.emplace("config", std::string(board->get_string()) + "_" +
                               std::to_string(players->get_int64()) + "p");
}

/// 100.0 -> 100
void make_whole(const FactKind& kind, json::object& data) {
    for (auto& member : data) {
        const auto* number = member.value().if_double();
        if (number == nullptr || !has_field(kind, member.key())) continue;
        if (std::trunc(*number) == *number && std::abs(*number) <= exact_max) {
            member.value() = static_cast<std::int64_t>(*number);
        }
    }
}

void rename_member(json::object& event, std::string_view alias, std::string_view name) {
    if (!event.contains(alias) || event.contains(name)) return;
    json::value value = event.at(alias);
    event.erase(alias);
    event.emplace(name, std::move(value));
}

}  // namespace

std::string canonical_type(std::string_view type) {
    std::string upper(type);
    std::ranges::transform(upper, upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    const auto found = std::ranges::find(type_aliases, upper, &TypeAlias::alias);
    return found == std::ranges::end(type_aliases) ? upper : std::string(found->type);
}

std::string_view failure_of(std::string_view type) {
    if (type == "TRAINING_COMPLETED") return "TRAINING_FAILED";
    if (type == "DATA_SYNC_COMPLETED") return "DATA_SYNC_FAILED";
    return {};
}

void adopt_fields(const FactKind& kind, json::object& data) {
    drop_nulls(data);
    rename_fields(kind, data);
    rebuild_config(kind, data);
    make_whole(kind, data);
}

void adopt_envelope(json::object& event) {
    rename_member(event, "event_type", "type");
    rename_member(event, "payload", "data");
    rename_member(event, "event_id", "id");
    rename_member(event, "timestamp", "time");
    drop_nulls(event);
    if (auto* time = event.if_contains("time")) {
        if (const auto ms = scaled(*time, 1e3)) *time = to_text(Time(Duration(*ms)));
    }
    auto* type = event.if_contains("type");
    if (type == nullptr || !type->is_string()) return;
    const FactKind* kind = fact_kind(canonical_type(std::string_view(type->get_string())));
    if (kind == nullptr) return;
    *type = kind->info.type;
    if (auto* data = event.if_contains("data"); data && data->is_object()) {
        adopt_fields(*kind, data->get_object());
    }
}

}  // namespace ringrift::bus
