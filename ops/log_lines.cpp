#include "ops/log_lines.hpp"

#include <fmt/format.h>

template <>
struct fmt::formatter<ringrift::bus::IdText> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(const ringrift::bus::IdText& text, Context& context) const {
        return fmt::formatter<std::string_view>::format(text.view(), context);
    }
};

namespace ringrift::ops {
namespace {

using Line = std::optional<LogLine>;

std::string short_name(const bus::ModelId& model) {
    return model.value.substr(0, 12);
}
double elo(std::int64_t milli) {
    return static_cast<double>(milli) / 1000.0;
}

template <class... Args>
Line line(LineLevel level, fmt::format_string<Args...> text, Args&&... args) {
    return LogLine{.level = level,
                   .text = "[P2P] " + fmt::format(text, std::forward<Args>(args)...)};
}

Line leadership(const bus::Fact& fact) {
    return std::visit(
        bus::Overloaded{
            [](const bus::LeaderElected& e) {
                return line(LineLevel::info, "Leader elected leader={} epoch={}", e.leader.value,
                            e.epoch);
            },
            [](const bus::LeaderSteppedDown& e) {
                return line(LineLevel::info, "Leader stepped down leader={} reason=\"{}\"",
                            e.leader.value, e.reason);
            },
            [](const bus::ClusterConfigChanged& e) {
                return line(LineLevel::info, "Cluster config changed configs={} hash={}",
                            e.configs.size(), e.hash.substr(0, 12));
            },
            [](const bus::AdminAction& e) {
                return line(LineLevel::info, "Admin action={} actor=\"{}\" reason=\"{}\"", e.action,
                            e.actor, e.reason);
            },
            [](const bus::NodeJoined& e) {
                return line(LineLevel::info, "Node joined node={} incarnation={} slots={} gpus={}",
                            e.node.value, e.incarnation, e.capacity.slots, e.capacity.gpus);
            },
            [](const bus::NodeLeft& e) {
                return line(LineLevel::info, "Node left node={} reason=\"{}\"", e.node.value,
                            e.reason);
            },
            [](const bus::HostOffline& e) {
                return line(LineLevel::error, "Host offline node={} reason=\"{}\"", e.node.value,
                            e.reason);
            },
            [](const bus::HostOnline& e) {
                return line(LineLevel::info, "Host online node={}", e.node.value);
            },
            [](const bus::NodeQuarantined& e) {
                return line(LineLevel::warning, "Node quarantined node={} until={} reason=\"{}\"",
                            e.node.value, bus::to_text(e.until_at), e.reason);
            },
            [](const bus::ResourceAlert& e) {
                const auto level = e.severity == "critical" ? LineLevel::error : LineLevel::warning;
                return line(level, "Alert alert={} node={} message=\"{}\"", e.alert, e.node.value,
                            e.message);
            },
            [](const bus::AlertCleared& e) {
                return line(LineLevel::info, "Alert cleared alert={}", e.alert);
            },
            [](const auto&) { return Line(); },
        },
        fact);
}

Line pipeline(const bus::Fact& fact) {
    return std::visit(
        bus::Overloaded{
            [](const bus::DataSyncCompleted& e) {
                return line(LineLevel::info, "Sync completed config={} files={} games={}",
                            e.config.value, e.files.size(), e.games);
            },
            [](const bus::DataSyncFailed& e) {
                return line(LineLevel::warning, "Sync failed config={} reason=\"{}\"",
                            e.config.value, e.reason);
            },
            [](const bus::NpzExportComplete& e) {
                return line(LineLevel::info, "Export complete config={} samples={} games={}",
                            e.config.value, e.samples, e.games);
            },
            [](const bus::TrainingStarted& e) {
                return line(LineLevel::info, "Training started config={} node={} parent={}",
                            e.config.value, e.node.value, short_name(e.parent));
            },
            [](const bus::TrainingCompleted& e) {
                return line(
                    LineLevel::info, "Training completed config={} model={} samples={} loss={:.3f}",
                    e.config.value, short_name(e.model), e.samples, elo(e.loss_micro) / 1000);
            },
            [](const bus::TrainingFailed& e) {
                return line(LineLevel::error, "Training failed config={} work={} reason=\"{}\"",
                            e.config.value, e.work.value, e.reason);
            },
            [](const bus::EvaluationCompleted& e) {
                return line(
                    LineLevel::info,
                    "Evaluation completed config={} model={} games={} llr={:.2f} elo={:+.0f}",
                    e.config.value, short_name(e.model), e.games, elo(e.llr_micro) / 1000,
                    elo(e.elo_milli));
            },
            [](const bus::ModelPromoted& e) {
                return line(LineLevel::info,
                            "Model promoted config={} model={} previous={} elo={:+.0f} games={}",
                            e.config.value, short_name(e.model), short_name(e.previous),
                            elo(e.elo_milli), e.games);
            },
            [](const bus::PromotionRejected& e) {
                return line(LineLevel::info,
                            "Promotion rejected config={} model={} gate={} reason=\"{}\"",
                            e.config.value, short_name(e.model), e.gate, e.reason);
            },
            [](const bus::ModelRolledBack& e) {
                return line(LineLevel::error, "Model rolled back config={} model={} restored={}",
                            e.config.value, short_name(e.model), short_name(e.restored));
            },
            [](const auto&) { return Line(); },
        },
        fact);
}

Line work(const bus::Fact& fact) {
    return std::visit(
        bus::Overloaded{
            [](const bus::FileQuarantined& e) {
                return line(LineLevel::error, "File quarantined file={} node={} reason=\"{}\"",
                            e.file.value.substr(0, 12), e.node.value, e.reason);
            },
            [](const bus::WorkFailed& e) {
                return line(LineLevel::warning, "Work failed work={} node={} reason=\"{}\"",
                            e.work.value, e.node.value, e.reason);
            },
            [](const bus::WorkLeaseExpired& e) {
                return line(LineLevel::warning, "Lease expired work={} node={} reason=\"{}\"",
                            e.work.value, e.node.value, e.reason);
            },
            [](const bus::WorkTimeout& e) {
                return line(LineLevel::warning, "Work timed out work={} node={} reason=\"{}\"",
                            e.work.value, e.node.value, e.reason);
            },
            [](const bus::WorkParked& e) {
                return line(LineLevel::error, "Work parked work={} reason=\"{}\"", e.work.value,
                            e.reason);
            },
            [](const bus::WorkCompleted& e) {
                return line(LineLevel::debug, "Work completed work={} node={} seconds={:.1f}",
                            e.work.value, e.node.value,
                            static_cast<double>(e.run_ms.count()) / 1000);
            },
            [](const bus::WorkClaimed& e) {
                return line(LineLevel::debug, "Work claimed work={} node={}", e.work.value,
                            e.node.value);
            },
            [](const bus::Unread& e) {
                return line(LineLevel::warning, "Event not read type={} problem=\"{}\"", e.type,
                            e.problem);
            },
            [](const auto&) { return Line(); },
        },
        fact);
}

}  // namespace

std::optional<LogLine> log_line(const bus::Recorded& recorded) {
    if (auto found = leadership(recorded.event.fact)) return found;
    if (auto found = pipeline(recorded.event.fact)) return found;
    return work(recorded.event.fact);
}

LogLine subscriptions_line(const std::vector<std::string>& critical_failed) {
    if (critical_failed.empty()) {
        return *line(LineLevel::info, "Event subscriptions: daemon=OK, feedback=OK, manager=OK");
    }
    return *line(LineLevel::critical, "CRITICAL Event subscriptions failed: {}",
                 fmt::join(critical_failed, ", "));
}

}  // namespace ringrift::ops
