#pragma once

// What `up` says on standard error: the news of the log, and how the disk is. Node's thread only.

#include <spdlog/spdlog.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bus/log.hpp"
#include "consumers/hands.hpp"
#include "ops/log_lines.hpp"
#include "ops/progress_line.hpp"
#include "projections/disk_policy.hpp"

namespace ringrift::ops {

inline void write_line(const LogLine& line) {
    switch (line.level) {
        case LineLevel::debug: spdlog::debug("{}", line.text); break;
        case LineLevel::info: spdlog::info("{}", line.text); break;
        case LineLevel::warning: spdlog::warn("{}", line.text); break;
        case LineLevel::error: spdlog::error("{}", line.text); break;
        case LineLevel::critical: spdlog::critical("{}", line.text); break;
    }
}

/// What is written to the log file of the operator, from where the log stood at the start.
class LinesOfTheLog {
  public:
    LinesOfTheLog(bus::Log& log, ProgressPrinter& printer, bus::Position from)
        : log_(log), printer_(printer), position_(from) {}

    void follow() {
        constexpr std::size_t at_once = 256;
        const auto batch = log_.read(position_, at_once);
        if (!batch) return;  // the node says so itself
        for (const bus::Recorded& recorded : *batch) {
            position_ = recorded.position;
            if (const auto line = log_line(recorded)) say(*line);
        }
    }
    void say(const LogLine& line) {
        printer_.clear();
        write_line(line);
    }

  private:
    bus::Log& log_;
    ProgressPrinter& printer_;
    bus::Position position_;
};

/// Says it when the disk becomes low, halts new work, or recovers.
class DiskWatch {
  public:
    std::optional<LogLine> news(const projections::DiskVerdict& disk) {
        if (disk.state == std::exchange(state_, disk.state)) return {};
        switch (disk.state) {
            case projections::DiskState::ok:
                return LogLine{.text = "[P2P] Disk ok: " + disk.reason};
            case projections::DiskState::low:
                return LogLine{LineLevel::warning, "[P2P] Disk low: " + disk.reason};
            case projections::DiskState::halted: break;
        }
        return LogLine{LineLevel::error, "[P2P] CRITICAL Disk full: " + disk.reason};
    }

  private:
    projections::DiskState state_ = projections::DiskState::ok;
};

/// Says it when something that jobs said or left was lost. Looks once a minute.
class LossWatch {
  public:
    std::optional<LogLine> news(const consumers::Hands& hands, bus::Time now) {
        constexpr auto period = std::chrono::minutes(1);
        if (now - looked_at_ < period) return {};
        looked_at_ = now;
        std::string text;
        for (const auto& [kind, count] : hands.counts()) {
            if (kind == "job_messages_received" || count == std::exchange(seen_[kind], count))
                continue;
            text += fmt::format(" {}={}", kind, count);
        }
        if (text.empty()) return {};
        return LogLine{LineLevel::warning, "[P2P] Jobs left what was not taken:" + text};
    }

  private:
    std::map<std::string, std::int64_t> seen_;
    bus::Time looked_at_ = {};
};

}  // namespace ringrift::ops
