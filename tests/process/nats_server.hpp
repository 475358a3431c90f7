#pragma once

// Real nats-server processes for a test: one, or a cluster of three, each with its own folder and
// ports on 127.0.0.1, ended by its process id when the object ends.
//
//     NatsServer server;                       // JetStream on, max_payload as ours must be
//     NatsServer strict({.config = "authorization { user: a, password: b }"});
//     NatsCluster cluster;                     // three, with routes to each other
//
// `kill` is kill -9, `pause` is SIGSTOP; `start` runs it again on the same port and store.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/process/daemon.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

/// A port that nobody listens on now.
inline int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                       getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    close(listener);
    if (!bound) throw std::runtime_error("no free port on 127.0.0.1");
    return ntohs(address.sin_port);
}

inline bool is_listening(int port) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool taken = connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(client);
    return taken;
}

/// Debian puts it where only root's PATH leads. RINGRIFT_NATS_SERVER names another one.
inline std::string nats_server_program() {
    if (const char* asked = getenv("RINGRIFT_NATS_SERVER")) return asked;
    const char* path = getenv("PATH");
    std::istringstream folders(std::string(path == nullptr ? "" : path) +
                               ":/usr/sbin:/usr/local/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string program = folder + "/nats-server";
        if (access(program.c_str(), X_OK) == 0) return program;
    }
    throw std::runtime_error("nats-server is not installed; ops/packages install test");
}

class NatsServer {
  public:
    struct Options {
        std::string name = "one";
        std::string config = {};     ///< More lines of its configuration.
        std::string jetstream = {};  ///< More lines of its jetstream block.
        std::string store_max = "4GB";
        std::string max_payload = "2MB";
        std::string store = {};  ///< Empty: in its own folder.
        bool without_jetstream = false;
    };

    NatsServer() : NatsServer(Options{}) {}
    explicit NatsServer(const Options& options) : options_(options), port_(free_port()) {
        store_ = options.store.empty() ? folder_ / "store" : options.store;
        write_config();
        start();
    }
    ~NatsServer() { kill(); }
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;

    std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
    std::string store() const { return store_; }
    std::string output() const { return text_of(folder_ / "output"); }
    std::string folder() const { return folder_.path().string(); }

    void start() {
        if (pid_ > 0) return;
        const std::string program = nats_server_program();
        const std::string config = folder_ / "config";
        const std::string output = folder_ / "output";
        const pid_t parent = getpid();
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) _exit(127);
            const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
            execl(program.c_str(), program.c_str(), "-c", config.c_str(), nullptr);
            _exit(127);
        }
        if (await([this] { return is_listening(port_) || is_gone(); }, 30s) && pid_ > 0) return;
        throw std::runtime_error("nats-server did not start: " + this->output());
    }
    void kill() {
        send(SIGKILL);
        reap();
    }
    /// As systemd does it: a server whose disk was full heeds no SIGTERM.
    void stop() {
        send(SIGTERM);
        if (await([this] { return is_gone(); }, 5s)) return;
        kill();
    }
    void pause() {
        send(SIGSTOP);
        const std::string stat = "/proc/" + std::to_string(pid_) + "/stat";
        await([&] { return text_of(stat).find(") T ") != std::string::npos; }, 10s);
    }
    void resume() { send(SIGCONT); }
    /// Takes other lines of configuration and starts again.
    void reconfigure(const std::string& config) {
        options_.config = config;
        write_config();
        stop();
        start();
    }
    void wipe() { std::filesystem::remove_all(store_); }

  private:
    void write_config() const {
        std::ofstream file(folder_ / "config");
        file << "server_name: " << options_.name << "\nlisten: 127.0.0.1:" << port_
             << "\nmax_payload: " << options_.max_payload << "\n";
        if (!options_.without_jetstream) {
            file << "jetstream {\n store_dir: \"" << store_
                 << "\"\n max_mem: 256MB\n max_file: " << options_.store_max << "\n"
                 << options_.jetstream << "\n}\n";
        }
        file << options_.config << "\n";
    }
    void send(int signal) const {
        if (pid_ > 0) ::kill(pid_, signal);
    }
    bool is_gone() {
        if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
        return pid_ <= 0;
    }
    void reap() {
        if (pid_ > 0) waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

    Options options_;
    TemporaryFolder folder_;
    int port_ = 0;
    std::string store_;
    pid_t pid_ = -1;
};

/// Three servers that form one JetStream.
class NatsCluster {
  public:
    NatsCluster() {
        std::array<int, 3> ports = {};
        for (int& port : ports) port = free_port();
        std::string routes;
        for (const int port : ports)
            routes += (routes.empty() ? "" : ", ") +
                      ("\"nats://127.0.0.1:" + std::to_string(port) + "\"");
        for (std::size_t i = 0; i < ports.size(); ++i) {
            servers_.push_back(std::make_unique<NatsServer>(NatsServer::Options{
                .name = "n" + std::to_string(i + 1),
                .config = "cluster {\n name: tests\n listen: 127.0.0.1:" +
                          std::to_string(ports[i]) + "\n routes: [ " + routes + "]\n}"}));
        }
    }
    NatsServer& operator[](std::size_t index) { return *servers_[index]; }
    std::size_t size() const { return servers_.size(); }
    std::vector<std::string> urls() const {
        std::vector<std::string> urls;
        for (const auto& server : servers_) urls.push_back(server->url());
        return urls;
    }

  private:
    std::vector<std::unique_ptr<NatsServer>> servers_;
};

}  // namespace ringrift::tests
