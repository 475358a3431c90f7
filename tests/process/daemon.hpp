#pragma once

// A real `ringrift up` as a child of the test: started, watched, signalled, awaited by its pid.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace ringrift::tests {

using namespace std::chrono_literals;

/// Looks every few milliseconds until `holds`; false when `within` has passed.
inline bool await(const std::function<bool()>& holds, std::chrono::milliseconds within) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        poll(nullptr, 0, 5);
    }
    return true;
}

inline std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class Daemon {
  public:
    /// Both outputs go to the file `output`.
    Daemon(std::vector<std::string> arguments, const std::string& output) : output_(output) {
        arguments.insert(arguments.begin(), RINGRIFT_BINARY_DIR "/ringrift");
        pid_ = fork();
        if (pid_ != 0) return;
        const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        std::vector<char*> raw;
        for (std::string& argument : arguments) raw.push_back(argument.data());
        raw.push_back(nullptr);
        execv(raw.front(), raw.data());
        _exit(127);
    }
    ~Daemon() {
        if (running()) send(SIGKILL), exit_code(180s);
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void send(int signal) const { kill(pid_, signal); }
    pid_t pid() const { return pid_; }
    bool running() { return !status_ && !reap(WNOHANG); }

    /// Its exit code, or 128 + the signal that ended it. Empty when it still runs after `within`.
    std::optional<int> exit_code(std::chrono::milliseconds within) {
        if (!await([this] { return !running(); }, within)) return {};
        return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
    }
    std::string output() const { return text_of(output_); }
    bool says(const std::string& text, std::chrono::milliseconds within) {
        return await([&] { return output().find(text) != std::string::npos || !running(); },
                     within) &&
               output().find(text) != std::string::npos;
    }

  private:
    bool reap(int options) {
        int status = 0;
        if (waitpid(pid_, &status, options) == pid_) status_ = status;
        return status_.has_value();
    }
    std::string output_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// A workload that learns Hex on 4x4 in portions of a few milliseconds. Each job writes the name of
/// its attempt into `<folder>/starts` before it begins, and its own variables into
/// `<folder>/environment-<type of work>`. Returns the workload file.
inline std::string write_fast_workload(const std::string& folder) {
    const std::string script = folder + "/job.sh";
    std::ofstream(script) << "#!/bin/sh\necho \"$RINGRIFT_WORK_ID $RINGRIFT_FENCE\" >> \"" << folder
                          << "/starts\"\nenv | grep ^RINGRIFT_ > \"" << folder
                          << "/environment-$RINGRIFT_WORK_TYPE\"\nexec \"$@\"\n";
    chmod(script.c_str(), 0755);
    const std::string file = folder + "/workload.toml";
    const auto command = [](const std::string& words) {
        return "command = [\"{workload}/job.sh\", \"{bin}/ringrift-hex\", " + words +
               ", \"--config\", \"{config}\", \"--out\", \"{output}\"]\n";
    };
    const std::string match =
        command(R"("match", "--candidate", "{candidate}", "--baseline", "{baseline}",
        "--pairs", "{pairs}", "--seed", "{seed}", "--simulations", "8")");
    std::ofstream(file)
        << "name = \"fast\"\n[[config]]\nname = \"hex4_2p\"\nweight = 1\n"
        << "[selfplay]\n"
        << command(R"("selfplay", "--model", "{model}", "--games", "{games}", "--seed", "{seed}",
        "--simulations", "16")")
        << "games = 20\n[export]\n"
        << command(R"("export", "--inputs", "{inputs}")") << "[training]\n"
        << command(R"("train", "--model", "{model}", "--inputs", "{inputs}", "--seed", "{seed}",
        "--epochs", "1")")
        << "[evaluation]\n"
        << match << "pairs = 5\n[tournament]\n"
        << match << "pairs = 2\n"
        << "[thresholds]\ngames_to_export = 40\nwindow_games = 200\nsamples_to_train = 10\n"
        << "pairs_max = 10\ngames_min = 4\n";
    return file;
}

}  // namespace ringrift::tests
