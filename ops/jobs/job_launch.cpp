#include "ops/jobs/job_launch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <tuple>
#include <vector>

#include "consumers/workload.hpp"
#include "ops/argument_pointers.hpp"
#include "ops/jobs/file_store.hpp"
#include "ops/jobs/gpu_shares.hpp"
#include "ops/jobs/process_table.hpp"

namespace ringrift::ops {
namespace {

using bus::FailureKind;
using consumers::JobFailure;

constexpr int lock_descriptor = 3;  // In the supervisor.

void replace_all(std::string& text, std::string_view placeholder, const std::string& value) {
    for (auto at = text.find(placeholder); at != text.npos;
         at = text.find(placeholder, at + value.size())) {
        text.replace(at, placeholder.size(), value);
    }
}

// Owns what posix_spawn wants to be told.
class SpawnFacts {
  public:
    SpawnFacts(int lock, const std::filesystem::path& log) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, 0, 1);
        ::posix_spawn_file_actions_addopen(&actions_, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
        ::posix_spawn_file_actions_adddup2(&actions_, lock, lock_descriptor);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, lock_descriptor + 1);
        ::posix_spawnattr_init(&attributes_);
        sigset_t signals;  // Blocked until the supervisor can hear them: none may kill it before.
        ::sigemptyset(&signals);
        ::sigaddset(&signals, SIGTERM);
        ::sigaddset(&signals, SIGCHLD);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnFacts(const SpawnFacts&) = delete;
    SpawnFacts& operator=(const SpawnFacts&) = delete;
    ~SpawnFacts() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_ = {};
    posix_spawnattr_t attributes_ = {};
};

/// A damaged file in the store is set aside, so that the next attempt fetches it anew.
std::optional<JobFailure> missing_input(const consumers::JobOrder& order, VerifiedFiles& verified,
                                        const FileStore& store, std::stop_token stop) {
    for (const auto* files : {&order.inputs, &order.models}) {
        for (const consumers::JobInput& input : *files) {
            const auto checked = verified.verify(input.path, input.file, stop);
            if (checked) continue;
            if (!stop.stop_requested() && store.find(input.file))
                std::ignore = store.verify(input.file);
            return JobFailure{.kind = FailureKind::missing_input,
                              .reason = checked.error().sentence};
        }
    }
    return {};
}

std::string list_of(const std::vector<consumers::JobInput>& inputs) {
    std::string text;
    for (const auto& input : inputs) text += input.path + "\n";
    return text;
}

JobFailure spawn_failed(std::string reason) {
    return {.kind = FailureKind::spawn_failed, .reason = std::move(reason)};
}

UniqueFd open_handle(std::int64_t pid) {
    UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (handle) ::fcntl(handle.get(), F_SETFD, FD_CLOEXEC);
    return handle;
}

}  // namespace

LaunchOrder launch_order(const consumers::JobOrder& order, const std::vector<std::int64_t>& gpus,
                         const JobSurroundings& surroundings) {
    const auto folder = surroundings.folders.running(order.job);
    LaunchOrder launch{.work = order.job.work.value,
                       .fence = order.job.fence,
                       .type = std::string(consumers::name_of(order.type)),
                       .config = order.config.value,
                       .argv = order.argv,
                       .environment = surroundings.environment,
                       .working_folder = surroundings.working_folder,
                       .timeout = order.timeout,
                       .stop_grace = surroundings.stop_grace,
                       .memory_bytes_max = order.memory_bytes_max,
                       .output_bytes_max = order.output_bytes_max,
                       .printed_bytes_max = surroundings.printed_bytes_max,
                       .disk_free_bytes_min = surroundings.disk_free_bytes_min};
    for (std::string& argument : launch.argv) {
        replace_all(argument, "{output}", folder / "output");
        replace_all(argument, "{inputs}", folder / "inputs.txt");
    }
    for (const auto& [name, value] : order.environment) launch.environment[name] = value;
    launch.environment["RINGRIFT_WORK_ID"] = launch.work;
    launch.environment["RINGRIFT_FENCE"] = std::to_string(launch.fence);
    launch.environment["RINGRIFT_CONFIG"] = launch.config;
    launch.environment["RINGRIFT_OUTPUT_DIR"] = folder / "output";
    launch.environment["RINGRIFT_GPUS"] = gpu_list(gpus);
    if (!surroundings.channel.empty()) {
        launch.environment["RINGRIFT_CHANNEL"] = surroundings.channel;
    }
    return launch;
}

bus::Result<Launched, JobFailure> launch(const consumers::JobOrder& order,
                                         const std::vector<std::int64_t>& gpus,
                                         const JobSurroundings& surroundings,
                                         VerifiedFiles& verified, std::stop_token stop) {
    if (order.argv.empty()) return spawn_failed("the job has no command");
    if (auto missing = missing_input(order, verified, FileStore(surroundings.folders.data), stop))
        return *missing;
    const auto lock = make_folder(surroundings.folders, order.job,
                                  launch_order(order, gpus, surroundings), list_of(order.inputs));
    if (!lock) return spawn_failed(lock.error().sentence);

    const auto folder = surroundings.folders.running(order.job);
    const SpawnFacts facts(lock->get(), folder / "supervisor.log");
    std::vector<std::string> arguments = {surroundings.supervisor_program, folder,
                                          std::to_string(lock_descriptor)};
    std::vector<std::string> assignments;  // Without secrets: it can be read in /proc.
    for (const auto& [name, value] : surroundings.environment) {
        assignments.push_back(name + "=" + value);
    }
    ::pid_t pid = 0;
    const int refused = ::posix_spawn(
        &pid, surroundings.supervisor_program.c_str(), facts.actions(), facts.attributes(),
        pointers_to(arguments).data(), pointers_to(assignments).data());
    if (refused != 0) {
        remove_folder(folder);
        return spawn_failed("cannot start " + surroundings.supervisor_program.string() + ": " +
                            std::strerror(refused));
    }
    return Launched{pid, open_handle(pid)};
}

std::optional<UniqueFd> handle_of(const ProcessIdentity& process) {
    UniqueFd handle = open_handle(process.pid);
    // In this order: as long as we hold the handle, the pid is not used again unseen.
    if (!handle || identity_of(process.pid) != process) return {};
    return handle;
}

}  // namespace ringrift::ops
