#include "ops/jobs/posix_hands.hpp"

#include <algorithm>
#include <tuple>

namespace ringrift::ops {
namespace {

namespace fs = std::filesystem;

std::optional<HandsProblem> make_folders(const fs::path& data) {
    for (const char* name : {"jobs", "ended", "files"}) {
        std::error_code problem;
        fs::create_directories(data / name, problem);
        if (problem) {
            return HandsProblem{"cannot create the folder " + (data / name).string() + ": " +
                                problem.message()};
        }
    }
    // Orders hold environments, and what jobs print is for whom the API shows it to.
    std::error_code ignored;
    fs::permissions(data / "jobs", fs::perms::owner_all, ignored);
    fs::permissions(data / "ended", fs::perms::owner_all, ignored);
    return {};
}

}  // namespace

bus::Result<std::unique_ptr<PosixHands>, HandsProblem> PosixHands::open(
    const PosixHandsOptions& options, std::function<void()> wake) {
    const fs::path data = fs::absolute(options.data_folder).lexically_normal();
    if (auto problem = make_folders(data)) return *problem;
    auto lock = bus::LockFile::acquire(data / "hands.lock");
    if (!lock) return HandsProblem{lock.error().sentence};

    std::unique_ptr<bus::JobChannel> channel;
    if (options.with_channel) {
        const auto path = bus::channel_path(data, options.runtime_folder);
        if (!path) return HandsProblem{path.error().sentence};
        auto opened = bus::JobChannel::open(*path);
        if (!opened) return HandsProblem{opened.error().sentence};
        channel = std::move(*opened);
    }
    JobSurroundings surroundings{
        .folders = {data},
        .supervisor_program = fs::absolute(options.supervisor_program),
        .working_folder = fs::absolute(options.working_folder.empty() ? fs::current_path()
                                                                      : options.working_folder),
        .environment = options.environment,
        .channel = channel ? channel->endpoint() : "",
        .gpus = options.gpus,
        .stop_grace = options.stop_grace,
        .printed_bytes_max = options.printed_bytes_max,
        .disk_free_bytes_min = options.disk_free_bytes_min};
    return std::unique_ptr<PosixHands>(new PosixHands(std::move(*lock), std::move(surroundings),
                                                      options.kept_logs_max, std::move(channel),
                                                      std::move(wake)));
}

PosixHands::PosixHands(bus::LockFile lock, JobSurroundings surroundings, std::size_t kept_max,
                       std::unique_ptr<bus::JobChannel> channel, std::function<void()> wake)
    : lock_(std::move(lock)),
      folders_(surroundings.folders),
      hands_(std::move(surroundings), kept_max, std::move(channel), std::move(wake)),
      thread_([this](std::stop_token stop) { hands_.run(stop); }) {}

void PosixHands::start(const consumers::JobOrder& order) {
    ask(StartAsked{order});
}

void PosixHands::stop(const consumers::JobId& job) {
    ask(StopAsked{job});
}

void PosixHands::forget(const consumers::JobId& job) {
    ask(ForgetAsked{job});
}

// JobManager asks once: what finds the inbox full waits here for the next round, in order.
void PosixHands::ask(HandsAsk ask) {
    asked_.push_back(std::move(ask));
    hand_over();
}

void PosixHands::hand_over() {
    while (!asked_.empty() && hands_.put(asked_.front())) asked_.pop_front();
}

std::vector<consumers::JobReport> PosixHands::drain() {
    hand_over();
    for (auto& report : hands_.take()) taken_.push_back(std::move(report));
    const auto count = std::min(taken_.size(), consumers::reports_per_drain_max);
    const auto end = taken_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<consumers::JobReport> reports(std::make_move_iterator(taken_.begin()),
                                              std::make_move_iterator(end));
    taken_.erase(taken_.begin(), end);
    return reports;
}

std::map<std::string, std::int64_t> PosixHands::counts() const {
    const HandsCounters counters = hands_.counters();
    return {{"job_messages_received", counters.channel.received},
            {"job_folders_unreadable", counters.unreadable_folders},
            {"job_messages_strange", counters.strange_messages},
            {"job_messages_malformed", counters.channel.malformed},
            {"job_messages_too_large", counters.channel.too_large},
            {"job_messages_over_rate", counters.channel.over_rate}};
}

std::size_t PosixHands::stop_all(bus::Duration within) {
    tickets_ += 1;
    ask(StopAllAsked{tickets_});
    return hands_.wait_until_none(tickets_, within);
}

std::optional<JobLogs> PosixHands::job_logs(const consumers::JobId& job) const {
    return read_job_logs(folders_, job);
}

}  // namespace ringrift::ops
