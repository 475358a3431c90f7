#include "ops/gpu_probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

namespace ringrift::ops {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t output_bytes_max = 64 * 1024;  ///< A machine has 16 lines of 60 bytes.

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(" \r") - from + 1);
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

/// What can be read until the writer closes or `until` has come; empty in the second case.
std::optional<std::string> read_until(int descriptor, Steady::time_point until) {
    std::string text;
    std::array<char, 4096> chunk = {};
    while (text.size() < output_bytes_max) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now());
        pollfd waiting = {.fd = descriptor, .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) return {};
        const ssize_t got = read(descriptor, chunk.data(), chunk.size());
        if (got == 0) return text;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {};
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return {};
}

/// Waits for a child that has been killed or closed its output. A process that hangs in the driver
/// cannot even be killed; then it is left behind rather than waited for.
bool reap(pid_t child) {
    for (int tries = 0; tries < 50; ++tries) {
        int status = 0;
        const pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (ended < 0 && errno != EINTR) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

std::optional<pid_t> spawn(const std::string& program, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string name = program;
    std::string query = "--query-gpu=utilization.gpu,memory.total,name";
    std::string format = "--format=csv,noheader,nounits";
    std::array<char*, 4> argv = {name.data(), query.data(), format.data(), nullptr};
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return {};
    return child;
}

}  // namespace

Gpus gpus_from(std::string_view csv) {
    Gpus gpus;
    std::int64_t busy_percent = 0;
    while (!csv.empty()) {
        const std::string_view line = csv.substr(0, csv.find('\n'));
        csv.remove_prefix(std::min(line.size() + 1, csv.size()));
        const auto first = line.find(',');
        const auto second = first == line.npos ? line.npos : line.find(',', first + 1);
        if (second == line.npos) continue;
        const auto busy = number(trimmed(line.substr(0, first)));
        const auto mebibytes = number(trimmed(line.substr(first + 1, second - first - 1)));
        if (!mebibytes) continue;
        ++gpus.count;
        gpus.vram_bytes += *mebibytes << 20;
        busy_percent += busy.value_or(0);
        if (gpus.name.empty()) gpus.name = trimmed(line.substr(second + 1));
    }
    if (gpus.count > 0) gpus.busy_ppm = busy_percent * 10'000 / gpus.count;
    return gpus;
}

Gpus ask_gpus(const std::string& program, bus::Duration limit) {
    std::array<int, 2> ends = {};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    const auto child = spawn(program, ends[1]);
    close(ends[1]);
    const auto text = child ? read_until(ends[0], Steady::now() + limit) : std::nullopt;
    close(ends[0]);
    if (!child) return {};
    if (!text) kill(*child, SIGKILL);
    const bool succeeded = reap(*child);
    return text && succeeded ? gpus_from(*text) : Gpus{};
}

}  // namespace ringrift::ops
