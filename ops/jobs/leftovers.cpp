#include "ops/jobs/leftovers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <chrono>
#include <vector>

#include "ops/jobs/process_table.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds end_within(10);

std::vector<ProcessFacts> leftovers_of(const std::filesystem::path& folder,
                                       std::optional<std::int64_t> session) {
    const std::string mark = "RINGRIFT_OUTPUT_DIR=" + (folder / "output").string();
    std::vector<ProcessFacts> found;
    for (const ProcessFacts& process : all_processes()) {
        if (process.state == 'Z') continue;
        const bool in_session = session && process.session == *session;
        if (in_session || started_with(process.pid, mark)) found.push_back(process);
    }
    return found;
}

// A session keeps its number from being used again as long as somebody is in it. So if the number
// is another process's by now, the session is empty.
std::optional<std::int64_t> session_of(const std::optional<ProcessIdentity>& supervisor) {
    if (!supervisor || supervisor->boot != boot_name()) return {};
    const auto now = facts_of(supervisor->pid);
    if (now && now->start_ticks != supervisor->start_ticks) return {};
    return supervisor->pid;
}

}  // namespace

bool end_leftovers(const std::filesystem::path& folder,
                   const std::optional<ProcessIdentity>& supervisor) {
    const auto session = session_of(supervisor);
    const auto deadline = SteadyClock::now() + end_within;
    while (true) {
        const auto found = leftovers_of(folder, session);
        if (found.empty()) return true;
        for (const ProcessFacts& process : found) {
            const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
            const auto now = facts_of(process.pid);
            if (!handle || !now || now->start_ticks != process.start_ticks) continue;
            ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - SteadyClock::now());
            if (left.count() <= 0) return false;
            pollfd ended = {handle.get(), POLLIN, 0};
            ::poll(&ended, 1, static_cast<int>(left.count()));
        }
        if (SteadyClock::now() >= deadline) return false;
    }
}

}  // namespace ringrift::ops
