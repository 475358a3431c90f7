#include "tests/simulation/sim_hands.hpp"

#include <algorithm>

namespace ringrift::simulation {
namespace {

using consumers::JobEnded;
using consumers::JobFailure;
using consumers::JobId;
using consumers::JobProgress;
using consumers::JobReport;
using consumers::JobRunning;
using consumers::JobStopped;
using consumers::JobSuccess;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr bus::Duration progress_every = seconds(30);

bus::Duration runs_from(const Process& process) {
    return process.started + process.fate.spawn;
}

JobEnded ended(const Process& process) {
    return {.job = process.order.job,
            .type = process.order.type,
            .config = process.order.config,
            .run = process.ended - runs_from(process),
            .outcome = *process.outcome};
}

/// When it ends by itself or by its own timeout; empty when it does not.
std::optional<bus::Duration> ends_at(const Process& process) {
    if (process.fate.kind == Fate::Kind::ghost) return {};
    const bus::Duration limit = runs_from(process) + process.order.timeout;
    if (process.fate.kind == Fate::Kind::hangs) {
        return process.fate.times_out ? std::optional(limit) : std::nullopt;
    }
    const bus::Duration own = runs_from(process) + process.fate.run;
    return std::min(own, limit);
}

}  // namespace

SimHands::SimHands(std::uint64_t seed, const SimClock& clock, SimDisk& disk, Fuse& fuse,
                   std::string_view name)
    : clock_(clock), disk_(disk), fuse_(fuse), random_(seed, name), programs_(seed, disk) {}

void SimHands::misbehave(const FaultShares& ppm) {
    ppm_ = ppm;
    programs_.misbehave(ppm);
}

void SimHands::start(const consumers::JobOrder& order) {
    if (fuse_.take(1) == 0 || processes_.contains(order.job)) return;
    Process& process = processes_[order.job];
    process.order = order;
    process.fate = programs_.fate_of(order);
    process.started = process.progress_told = clock_.passed();
    if (process.fate.kind != Fate::Kind::ghost) ++launches_[order.job];
}

void SimHands::stop(const JobId& job) {
    const auto at = processes_.find(job);
    if (fuse_.take(1) == 0 || at == processes_.end()) return;
    Process& process = at->second;
    if (process.outcome || process.stop_by || process.fate.kind == Fate::Kind::ghost) return;
    process.stop_by = clock_.passed() + random_.between(bus::Duration(50), seconds(30));
}

void SimHands::forget(const JobId& job) {
    const auto at = processes_.find(job);
    if (fuse_.take(1) == 0 || at == processes_.end() || !at->second.outcome) return;
    processes_.erase(at);
}

void SimHands::tell(Process& process, JobReport report, bool may_be_lost) {
    if (may_be_lost && random_.happens(ppm_.report_lost)) return;
    bus::Duration due = clock_.passed();
    if (random_.happens(ppm_.report_late)) due += random_.between(seconds(1), minutes(3));
    process.told_until = std::max(process.told_until, due);
    if (random_.happens(ppm_.report_doubled)) waiting_.push_back({process.told_until, report});
    waiting_.push_back({process.told_until, std::move(report)});
}

void SimHands::end(Process& process, JobOutcome outcome) {
    if (disk_.full && std::holds_alternative<JobSuccess>(outcome)) {
        outcome = JobFailure{.kind = bus::FailureKind::no_result, .reason = "no space left"};
    }
    process.outcome = std::move(outcome);
    process.ended = clock_.passed();
    if (const auto* success = std::get_if<JobSuccess>(&*process.outcome)) {
        for (const auto& [digest, file] : process.fate.leaves) disk_.add(digest, file);
        for (const bus::FileMade& made : success->result.files) {
            const bool counts = process.order.type == bus::WorkType::selfplay && made.games > 0 &&
                                success->result.games > 0;
            if (counts) games_left_.emplace(made.file, process.ended);
        }
    }
    tell(process, ended(process), true);
}

/// Brings one process to the present.
void SimHands::live(Process& process) {
    const bus::Duration now = clock_.passed();
    if (process.outcome || process.fate.kind == Fate::Kind::ghost || now < runs_from(process))
        return;
    const auto* failure = std::get_if<JobFailure>(&process.fate.outcome);
    const bool cannot_start = failure && failure->kind == bus::FailureKind::spawn_failed;
    if (!process.running && cannot_start) return end(process, *failure);
    if (!process.running) {
        process.running = true;
        tell(process, JobRunning{.job = process.order.job, .pid = 100}, true);
        for (const auto& says : process.fate.says) tell(process, says, true);
    }
    if (process.stop_by && now >= *process.stop_by) return end(process, JobStopped{});
    const bus::Duration ran = std::min(now - runs_from(process), process.fate.run);
    const auto at = ends_at(process);
    if (at && now >= *at) {
        const bool over = now - runs_from(process) >= process.order.timeout;
        const bool own_end =
            process.fate.kind == Fate::Kind::ends && process.fate.run < process.order.timeout;
        if (own_end || !over) return end(process, process.fate.outcome);
        return end(process, JobFailure{.kind = bus::FailureKind::timeout, .reason = "timed out"});
    }
    const bool advances = now - runs_from(process) <= process.fate.run;
    if (!advances || now - process.progress_told < progress_every) return;
    process.progress_told = now;
    const std::int64_t done =
        ran.count() * 1'000'000 / std::max<std::int64_t>(1, process.fate.run.count());
    const bool halfway = process.fate.kind == Fate::Kind::hangs;
    tell(process, JobProgress{.job = process.order.job, .progress_ppm = halfway ? done / 2 : done},
         true);
}

std::vector<JobReport> SimHands::drain() {
    if (fuse_.is_burnt()) return {};
    for (auto& [job, process] : processes_) live(process);
    std::vector<JobReport> reports;
    std::erase_if(waiting_, [&](Waiting& waiting) {
        const bool told =
            waiting.due <= clock_.passed() && reports.size() < consumers::reports_per_drain_max;
        if (told) reports.push_back(std::move(waiting.report));
        return told;
    });
    return reports;
}

void SimHands::daemon_died() {
    waiting_.clear();
}

void SimHands::daemon_started() {
    waiting_.clear();
    std::erase_if(processes_,
                  [](const auto& entry) { return entry.second.fate.kind == Fate::Kind::ghost; });
    for (auto& [job, process] : processes_) {
        process.told_until = {};
        if (process.outcome) {
            tell(process, ended(process), false);
        } else if (process.running) {
            tell(process, JobRunning{.job = job, .pid = 100}, false);
        }
    }
}

std::optional<bus::Duration> SimHands::next_change() const {
    std::optional<bus::Duration> next;
    for (const auto& [job, process] : processes_) {
        if (process.outcome) continue;
        auto at = process.running ? ends_at(process) : runs_from(process);
        if (process.stop_by) at = at ? std::min(*at, *process.stop_by) : process.stop_by;
        if (at && (!next || *at < *next)) next = at;
    }
    return next;
}

}  // namespace ringrift::simulation
