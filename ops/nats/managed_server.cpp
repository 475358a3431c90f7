#include "ops/nats/managed_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t output_bytes_max = 8 * 1024 * 1024;  ///< Then begun anew, one kept.
constexpr std::size_t last_words_bytes_max = 600;

fs::path config_of(const fs::path& folder) {
    return folder / "nats-server.conf";
}
fs::path output_of(const fs::path& folder) {
    return folder / "nats-server.log";
}

/// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(const char* program, const char* config, int output, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(126);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // A group of its own: Ctrl-C at the terminal is for the node, which stops the server last.
    setpgid(0, 0);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    const std::array<const char*, 4> words = {program, "-c", config, nullptr};
    execv(program, const_cast<char* const*>(words.data()));
    _exit(127);
}

}  // namespace

std::optional<fs::path> program_on_path(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::string folders = path == nullptr ? "/usr/bin:/bin" : path;
    folders += ":/usr/sbin:/usr/local/sbin:/sbin";  // Debian puts nats-server there.
    std::size_t from = 0;
    while (from <= folders.size()) {
        const std::size_t to = std::min(folders.find(':', from), folders.size());
        const fs::path program = fs::path(folders.substr(from, to - from)) / name;
        if (access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program)) return program;
        from = to + 1;
    }
    return {};
}

bool can_sync_always(const fs::path& nats_server) {
    const std::string command = "'" + nats_server.string() + "' --version 2>/dev/null";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return false;
    int major = 0;
    int minor = 0;
    const int read = std::fscanf(pipe, "nats-server: v%d.%d", &major, &minor);
    pclose(pipe);
    return read == 2 && (major > 2 || (major == 2 && minor >= 10));
}

bus::Result<ManagedServer, Exit> ManagedServer::start(NatsServerConfig config, fs::path folder,
                                                      bus::Time now) {
    const auto program = program_on_path("nats-server");
    if (!program) {
        return Exit{ExitCode::usage,
                    "--nats managed needs the program nats-server, which is not on PATH; install "
                    "it (apt-get install nats-server), or name running servers with --nats URL"};
    }
    if (config.sync_always && !can_sync_always(*program)) {
        return Exit{ExitCode::usage,
                    program->string() +
                        " is older than 2.10 and cannot sync before it acknowledges; install a "
                        "newer one, or leave out --nats-sync-always"};
    }
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return Exit{ExitCode::data_dir_unusable,
                    "cannot make " + folder.string() + ": " + error.message()};
    }
    folder = fs::absolute(folder);
    config.store = folder / "jetstream";
    const auto written = write_durably(config_of(folder), server_config_text(config));
    if (!written) return Exit{ExitCode::data_dir_unusable, written.error().sentence};
    ManagedServer server(*program, std::move(folder));
    if (std::string trouble = server.spawn(now); !trouble.empty())
        return Exit{ExitCode::internal, std::move(trouble)};
    return server;
}

ManagedServer::ManagedServer(ManagedServer&& other) noexcept
    : program_(std::move(other.program_)),
      folder_(std::move(other.folder_)),
      pid_(std::exchange(other.pid_, -1)),
      started_at_(other.started_at_),
      again_at_(other.again_at_),
      back_off_(other.back_off_),
      restarts_(other.restarts_) {}

ManagedServer::~ManagedServer() {
    stop();
}

std::string ManagedServer::spawn(bus::Time now) {
    const fs::path output = output_of(folder_);
    std::error_code unknown;
    if (fs::exists(output, unknown) && fs::file_size(output, unknown) > output_bytes_max) {
        fs::rename(output, output.string() + ".old", unknown);
    }
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return file_problem("open", output).sentence;
    const std::string program = program_.string();
    const std::string config = config_of(folder_).string();
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) become(program.c_str(), config.c_str(), file, parent);
    const int error = errno;
    close(file);
    if (child < 0) return std::string("cannot start nats-server: ") + std::strerror(error);
    pid_ = child;
    started_at_ = now;
    return {};
}

/// The end of what the server said, on one line.
std::string ManagedServer::last_words() const {
    std::ifstream file(output_of(folder_), std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::int64_t>(file.tellg());
    file.seekg(std::max<std::int64_t>(0, size - std::int64_t(last_words_bytes_max)));
    std::string text(std::istreambuf_iterator<char>(file), {});
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

std::string ManagedServer::look(bus::Time now) {
    if (pid_ > 0) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) return {};
        pid_ = -1;
        if (now - started_at_ >= settled_after) back_off_ = back_off_min;
        again_at_ = now + back_off_;
        const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                                    : "code " + std::to_string(WEXITSTATUS(status));
        const std::string wait = std::to_string(back_off_.count()) + " ms";
        back_off_ = std::min(2 * back_off_, back_off_max);
        return "nats-server ended with " + how + " and is started again in " + wait +
               "; its last line: " + last_words();
    }
    if (now < again_at_) return {};
    ++restarts_;
    if (std::string trouble = spawn(now); !trouble.empty()) {
        again_at_ = now + back_off_;
        back_off_ = std::min(2 * back_off_, back_off_max);
        return trouble;
    }
    return "nats-server was started again, pid " + std::to_string(pid_);
}

void ManagedServer::stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    const auto by = std::chrono::steady_clock::now() + stop_max;
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > by) kill(pid_, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    pid_ = -1;
}

}  // namespace ringrift::ops
