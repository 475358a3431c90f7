#include "ops/jobs/hands_thread.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "consumers/workload.hpp"
#include "ops/jobs/gpu_shares.hpp"
#include "ops/jobs/job_outcome.hpp"

namespace ringrift::ops {
namespace {

using consumers::JobId;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds progress_period(400);       // Telemetry: a few a second at most.
constexpr int awaited_period_ms = 20;              // While a supervisor is just coming up.
constexpr int undelivered_period_ms = 50;          // While the node does not take its reports.
constexpr std::size_t channel_messages_max = 200;  // In one turn.
constexpr int launches_max = 3;                    // Of one order, when supervisors do not come up.

bool is_unseen(JobStage stage) {
    return stage == JobStage::awaited || stage == JobStage::wanted;
}

consumers::JobFailure not_spawned(std::string reason) {
    return {.kind = bus::FailureKind::spawn_failed, .reason = std::move(reason)};
}

consumers::JobFailure never_came_up(const JobSurroundings& surroundings) {
    return not_spawned("no supervisor came up in " + std::to_string(launches_max) + " tries of " +
                       surroundings.supervisor_program.string() +
                       "; what it said is in supervisors.log of the data folder");
}

/// The end of a job that never ran: as it was wanted, or for a reason.
consumers::JobEnded unrun(const LaunchOrder& identity, bool stop_asked,
                          consumers::JobFailure failure = {}) {
    consumers::JobEnded ended = {
        .job = {{identity.work}, identity.fence},
        .type = work_type_of(identity.type).value_or(bus::WorkType::selfplay),
        .config = {identity.config}};
    ended.outcome = std::move(failure);
    if (stop_asked) ended.outcome = consumers::JobStopped{};
    return ended;
}

}  // namespace

HandsThread::HandsThread(JobSurroundings surroundings, std::size_t kept_max,
                         std::unique_ptr<bus::JobChannel> channel, std::function<void()> wake)
    : surroundings_(std::move(surroundings)),
      ended_folders_(surroundings_.folders, kept_max),
      store_(surroundings_.folders.data),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      inbox_(hands_asks_max, [this] { this->wake(); }),
      answers_(std::numeric_limits<std::size_t>::max(), [this] { this->wake(); }),
      outbox_(hands_reports_max, std::move(wake)),
      channel_(std::move(channel)),
      nursery_({.program = surroundings_.supervisor_program,
                .environment = surroundings_.environment,
                .log = surroundings_.folders.data / "supervisors.log"}) {}

void HandsThread::wake() const {
    const std::uint64_t one = 1;
    std::ignore = ::write(wake_.get(), &one, sizeof one);
}

void HandsThread::run(std::stop_token stop) {
    const std::stop_callback waking(stop, [this] { wake(); });
    adopt_all();
    while (!stop.stop_requested()) {
        turn();
        publish();
        wait();
    }
}

void HandsThread::wait() {
    const bool listens = channel_ && undelivered_.empty();  // poll passes over -1.
    std::array<pollfd, 5> watched = {{{wake_.get(), POLLIN, 0},
                                      {folders_.descriptor(), POLLIN, 0},
                                      {ends_.descriptor(), POLLIN, 0},
                                      {nursery_.descriptor(), POLLIN, 0},
                                      {listens ? channel_->descriptor() : -1, POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), milliseconds_until_due());
    std::uint64_t ignored = 0;
    std::ignore = ::read(wake_.get(), &ignored, sizeof ignored);
}

void HandsThread::turn() {
    for (HandsAsk& ask : inbox_.take()) {
        std::visit([this](auto& asked) { handle(asked); }, ask);
    }
    for (WorkerAnswer& answer : answers_.take()) {
        std::visit([this](auto& answered) { handle(answered); }, answer);
    }
    for (const JobId& id : folders_.changed("status")) {
        const auto job = jobs_.find(id);
        if (job != jobs_.end()) read_status_of(id, job->second);
    }
    for (const JobId& id : ends_.ended()) advance(id, jobs_.at(id), JobNews::gone);
    look_at_unseen();
    for (Birth& birth : nursery_.exchange()) handle(birth);
    hear_channel();
    report_progress();
    deliver();
}

int HandsThread::milliseconds_until_due() const {
    if (channel_has_more_) return 0;
    if (!undelivered_.empty()) return undelivered_period_ms;
    int due = -1;  // For ever.
    for (const auto& [id, job] : jobs_) {
        if (is_unseen(job.stage)) return awaited_period_ms;
        if (job.progress_waits) due = static_cast<int>(progress_period.count());
    }
    return due;
}

void HandsThread::publish() {
    const auto alive = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
        return entry.second.stage != JobStage::ended;
    });
    const std::lock_guard lock(mutex_);
    alive_ = {ticket_, static_cast<std::size_t>(alive) + undelivered_.size()};
    counters_.jobs = static_cast<std::int64_t>(jobs_.size());
    if (channel_) counters_.channel = channel_->counters();
    published_.notify_all();
}

HandsCounters HandsThread::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
}

std::size_t HandsThread::wait_until_none(std::uint64_t ticket, bus::Duration within) {
    std::unique_lock lock(mutex_);
    published_.wait_for(lock, within, [&] { return alive_.ticket >= ticket && alive_.count == 0; });
    return alive_.count;
}

void HandsThread::handle(StartAsked& asked) {
    const JobId id = asked.order.job;
    Job unheard_of{.identity = {.work = id.work.value,
                                .fence = id.fence,
                                .type = std::string(consumers::name_of(asked.order.type)),
                                .config = asked.order.config.value},
                   .folder = surroundings_.folders.running(id)};
    Job& job = jobs_.try_emplace(id, std::move(unheard_of)).first->second;
    if (job.stage == JobStage::absent || is_unseen(job.stage)) job.order = std::move(asked.order);
    advance(id, job, JobNews::start_asked);
}

void HandsThread::handle(StopAsked& asked) {
    const auto found = jobs_.find(asked.job);
    if (found != jobs_.end()) stop(found->second);
}

void HandsThread::handle(StopAllAsked& asked) {
    ticket_ = asked.ticket;
    for (auto& [id, job] : jobs_) stop(job);
}

void HandsThread::stop(Job& job) {
    job.stop_asked = true;
    job.launch_stop.request_stop();
    if (job.stage != JobStage::running) return;
    ::syscall(SYS_pidfd_send_signal, job.handle.get(), SIGTERM, nullptr, 0);
}

void HandsThread::handle(ForgetAsked& asked) {
    const auto found = jobs_.find(asked.job);
    if (found == jobs_.end()) return;
    advance(found->first, found->second, JobNews::forget_asked);
    if (found->second.stage != JobStage::absent) return;
    std::error_code ignored;
    if (std::filesystem::exists(found->second.folder, ignored)) put_away(found->second.folder);
    jobs_.erase(found);
}

// The move here and not by a worker: the same job, started again, must not find the old folder.
void HandsThread::put_away(const std::filesystem::path& folder) {
    tidier_.add([this, ended = retire(surroundings_.folders, folder)](std::stop_token) {
        ended_folders_.tidy(ended);
    });
}

void HandsThread::handle(Prepared& prepared) {
    Job& job = jobs_.at(prepared.job);
    if (const auto* failure = std::get_if<consumers::JobFailure>(&prepared.outcome)) {
        return end(job, JobNews::not_launched, unrun(job.identity, job.stop_asked, *failure));
    }
    auto& lock = std::get<UniqueFd>(prepared.outcome);
    if (!job.stop_asked) return nursery_.ask(prepared.job, job.folder, std::move(lock));
    remove_folder(job.folder);
    end(job, JobNews::not_launched, unrun(job.identity, job.stop_asked));
}

void HandsThread::handle(Birth& birth) {
    Job& job = jobs_.at(birth.job);
    if (const auto* refused = std::get_if<NotBorn>(&birth.outcome)) {
        remove_folder(job.folder);
        return end(job, JobNews::not_launched,
                   unrun(job.identity, job.stop_asked, not_spawned(refused->sentence)));
    }
    if (auto* born = std::get_if<Born>(&birth.outcome)) job.handle = std::move(born->handle);
    // Out of descriptors, perhaps, or the nursery has ended: its lock and its files tell the same.
    if (job.handle && !ends_.add(birth.job, job.handle)) job.handle.reset();
    advance(birth.job, job, job.handle ? JobNews::launched : JobNews::unwatchable);
}

void HandsThread::handle(Settled& settled) {
    Job& job = jobs_.at(settled.ended.job);
    say_running(settled.ended.job, job, settled.program_pid);
    end(job, JobNews::settled, std::move(settled.ended));
}

void HandsThread::adopt_all() {
    for (const auto& folder : surroundings_.folders.all()) adopt(folder);
    tidier_.add([this](std::stop_token) { ended_folders_.tidy_all(); });
}

void HandsThread::adopt(const std::filesystem::path& folder) {
    const auto order = read_order(folder);
    const auto id = order ? job_of(*order) : std::nullopt;
    if (!id) {
        const auto lock = try_lock(folder);
        if (lock) put_away(folder);
        const std::lock_guard guard(mutex_);
        counters_.unreadable_folders += 1;
        return;
    }
    Job job{.identity = {.work = order->work,
                         .fence = order->fence,
                         .type = order->type,
                         .config = order->config},
            .folder = folder};
    const auto gpus = order->environment.find("RINGRIFT_GPUS");
    if (gpus != order->environment.end()) job.gpus = gpus_in(gpus->second);
    advance(*id, jobs_.try_emplace(*id, std::move(job)).first->second, JobNews::found);
}

void HandsThread::look_at_unseen() {
    for (auto at = jobs_.begin(); at != jobs_.end();) {
        if (is_unseen(at->second.stage)) look_for_supervisor(at->first, at->second);
        at = at->second.stage == JobStage::absent ? jobs_.erase(at) : std::next(at);
    }
}

// Its lock says whether a supervisor lives, its files say how far that came.
void HandsThread::look_for_supervisor(const JobId& id, Job& job) {
    std::error_code ignored;
    const auto has = [&](const char* name) {
        return std::filesystem::exists(job.folder / name, ignored);
    };
    if (const auto lock = try_lock(job.folder)) {
        if (has("exit") || has("supervisor")) return advance(id, job, JobNews::gone);
        remove_folder(job.folder);
        const bool is_tried_again = !job.stop_asked && job.launches < launches_max;
        if (!job.order || is_tried_again) return advance(id, job, JobNews::never_started);
        return end(job, JobNews::called_off,
                   unrun(job.identity, job.stop_asked, never_came_up(surroundings_)));
    }
    const auto supervisor = read_supervisor(job.folder);
    if (!supervisor) return;
    auto handle = handle_of(*supervisor);
    if (!handle || !ends_.add(id, *handle)) return;  // If it has ended its lock is free next time.
    job.handle = std::move(*handle);
    advance(id, job, JobNews::seen);
}

void HandsThread::advance(const JobId& id, Job& job, JobNews news) {
    const JobStage before = std::exchange(job.stage, after(job.stage, news));
    if (job.stage == before) return;
    if (job.stage == JobStage::launching) begin_launch(id, job);
    if (job.stage == JobStage::running) watch(id, job);
    if (job.stage == JobStage::settling) settle(id, job);
}

std::vector<std::int64_t> HandsThread::gpus_taken() const {
    std::vector<std::int64_t> taken;
    for (const auto& [id, job] : jobs_) taken.insert(taken.end(), job.gpus.begin(), job.gpus.end());
    return taken;
}

void HandsThread::begin_launch(const JobId& id, Job& job) {
    job.launches += 1;
    job.gpus.clear();
    job.gpus = choose_gpus(job.order->gpus, surroundings_.gpus, gpus_taken());
    preparer_.add([this, id, order = *job.order, gpus = job.gpus,
                   stop_launch = job.launch_stop](std::stop_token stop) mutable {
        const std::stop_callback both(stop, [&] { stop_launch.request_stop(); });
        auto lock = prepare(order, gpus, surroundings_, verified_, stop_launch.get_token());
        Prepared prepared{.job = id};
        if (lock) prepared.outcome = std::move(*lock);
        if (!lock) prepared.outcome = lock.error();
        std::ignore = answers_.put(std::move(prepared));
    });
}

void HandsThread::watch(const JobId& id, Job& job) {
    job.order.reset();
    folders_.add(id, job.folder);
    read_status_of(id, job);
    if (job.stop_asked) stop(job);
}

void HandsThread::settle(const JobId& id, Job& job) {
    read_status_of(id, job);
    ends_.remove(job.handle);
    job.handle.reset();
    job.order.reset();
    job.gpus.clear();
    job.progress_waits = false;
    folders_.remove(id);
    settler_.add([this, folder = job.folder, identity = job.identity](std::stop_token stop) {
        const auto exit = read_exit(folder);
        Settled settled{outcome_of(folder, identity, store_, stop), exit ? exit->program_pid : 0};
        // What was cut off has no outcome yet; the next hands will find it.
        if (!stop.stop_requested()) std::ignore = answers_.put(std::move(settled));
    });
}

void HandsThread::end(Job& job, JobNews news, consumers::JobEnded ended) {
    advance(ended.job, job, news);
    job.order.reset();
    job.gpus.clear();
    report(std::move(ended));
}

void HandsThread::read_status_of(const JobId& id, Job& job) {
    const auto status = read_status(job.folder);
    if (!status || status->program_pid <= 0) return;
    say_running(id, job, status->program_pid);
    const auto said = bus::parse_progress(status->said);
    if (said) note_progress(job, said->progress_ppm, said->games);
}

void HandsThread::say_running(const JobId& id, Job& job, std::int64_t pid) {
    if (pid <= 0 || std::exchange(job.said_running, true)) return;
    report(consumers::JobRunning{id, pid});
}

void HandsThread::hear_channel() {
    channel_has_more_ = false;
    if (!channel_ || !undelivered_.empty()) return;
    auto received = channel_->receive(channel_messages_max, steady_clock::now());
    channel_has_more_ = received.more;
    for (bus::JobMessage& message : received.messages) {
        const JobId id{message.work, message.fence};
        const auto job = jobs_.find(id);
        if (job == jobs_.end() || job->second.stage == JobStage::ended) {
            const std::lock_guard lock(mutex_);
            counters_.strange_messages += 1;
        } else if (const auto* progress = std::get_if<bus::ProgressSaid>(&message.said)) {
            note_progress(job->second, progress->progress_ppm, progress->games);
        } else {
            auto& event = std::get<bus::EventSaid>(message.said);
            report(consumers::JobSays{id, std::move(event.type), std::move(event.data)});
        }
    }
}

void HandsThread::note_progress(Job& job, std::int64_t ppm, std::int64_t games) {
    if (job.progress.progress_ppm == ppm && job.progress.games == games) return;
    job.progress.progress_ppm = ppm;
    job.progress.games = games;
    job.progress_waits = true;
}

void HandsThread::report_progress() {
    const auto now = steady_clock::now();
    for (auto& [id, job] : jobs_) {
        const bool due = job.said_running && now - job.progress_at >= progress_period;
        if (!job.progress_waits || !due || job.stage != JobStage::running) continue;
        job.progress.job = id;
        job.progress_waits = false;
        job.progress_at = now;
        report(job.progress);
    }
}

void HandsThread::report(consumers::JobReport report) {
    undelivered_.push_back(std::move(report));
}

void HandsThread::deliver() {
    while (!undelivered_.empty() && outbox_.put(undelivered_.front())) undelivered_.pop_front();
}

}  // namespace ringrift::ops
