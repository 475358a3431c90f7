#include "ops/progress_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace ringrift::ops {
namespace {

std::string clock_text(bus::Duration uptime) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string elo_text(const projections::ClusterView& cluster, const bus::ConfigKey& config) {
    const auto training = cluster.training.configs.find(config);
    if (training == cluster.training.configs.end() || training->second.best == bus::init_model)
        return "untrained";
    const auto pool = cluster.ratings.pools.find(config);
    if (pool == cluster.ratings.pools.end()) return "unrated";
    const auto elo = pool->second.elo.find(training->second.best);
    if (elo == pool->second.elo.end()) return "unrated";
    return fmt::format("{:+d}±{}", elo->second.elo_milli / 1000, elo->second.error95_milli / 1000);
}

std::int64_t games_of(const projections::ClusterView& cluster, const bus::ConfigKey& config) {
    const auto data = cluster.data.configs.find(config);
    return data == cluster.data.configs.end() ? 0 : data->second.games;
}

std::string running_text(const projections::ClusterView& cluster,
                         const projections::HostView& host) {
    std::string text;
    for (const auto& [fence, job] : host.jobs) {
        const auto* item = find(cluster.work, job.work);
        if (item == nullptr) continue;
        std::string type(boost::describe::enum_to_string(item->order.type, "work"));
        if (type.ends_with('_')) type.pop_back();
        text += (text.empty() ? "" : ", ") + type + " " + item->order.config.value;
        if (job.progress_ppm > 0) text += fmt::format(" {}%", job.progress_ppm / 10'000);
    }
    return text.empty() ? "nothing" : text;
}

/// Cut to `width` characters without cutting one in two.
std::string cut(std::string text, std::size_t width) {
    if (width == 0) return text;
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (starts_character && columns++ == width) return text.substr(0, i);
    }
    return text;
}

std::size_t terminal_width() {
    winsize size = {};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col - 1U : 79U;
}

}  // namespace

std::string progress_line(const projections::ClusterView& cluster,
                          const projections::HostView& host, bus::Duration uptime,
                          std::size_t width) {
    std::int64_t games = 0;
    std::string elo;
    for (const bus::ConfigPolicy& policy : cluster.leadership.config.configs) {
        games += games_of(cluster, policy.config);
        elo += " " + policy.config.value + " " + elo_text(cluster, policy.config);
    }
    const auto pending = cluster.work.by_status.find(projections::WorkStatus::pending);
    const std::int64_t queue = pending == cluster.work.by_status.end() ? 0 : pending->second;
    return cut(
        fmt::format("{}  games {}  queue {}  generation {}  Elo{}  running: {}", clock_text(uptime),
                    games, queue, projections::evaluated(cluster.training), elo,
                    running_text(cluster, host)),
        width);
}

std::string closing_words(const projections::ClusterView& cluster, bus::Duration uptime) {
    std::string text = fmt::format("After {}: {} candidates were decided upon.\n",
                                   clock_text(uptime), projections::evaluated(cluster.training));
    for (const bus::ConfigPolicy& policy : cluster.leadership.config.configs) {
        const auto training = cluster.training.configs.find(policy.config);
        const std::size_t promoted =
            training == cluster.training.configs.end() ? 0 : training->second.promoted.size();
        text += fmt::format("  {}: {} games, {} promoted, Elo {}\n", policy.config.value.view(),
                            games_of(cluster, policy.config), promoted,
                            elo_text(cluster, policy.config));
    }
    return text;
}

void ProgressPrinter::show(const projections::ClusterView& cluster,
                           const projections::HostView& host, bus::Duration uptime, bus::Time now) {
    if (now - shown_at_ < (is_terminal_ ? redraw : plain)) return;
    shown_at_ = now;
    if (is_terminal_) {
        const std::string line = progress_line(cluster, host, uptime, terminal_width());
        std::printf("\r%s\033[K", line.c_str());
        drawn_ = true;
    } else {
        std::printf("%s\n", progress_line(cluster, host, uptime).c_str());
    }
    std::fflush(stdout);
}

void ProgressPrinter::clear() {
    if (!std::exchange(drawn_, false)) return;
    std::printf("\r\033[K");
    std::fflush(stdout);
    shown_at_ = {};
}

}  // namespace ringrift::ops
