#pragma once

// A real PostgreSQL of the test's own: its folder, a random port on 127.0.0.1, gone with the test.
//
// PostgreSQL refuses to run as root, so it then runs as the user `postgres`. One server for a test
// program, a database for each test. `kill` is kill -9 of the postmaster; `start` recovers.

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>

#include "tests/process/daemon.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

class PostgresServer {
  public:
    /// `settings` are lines of postgresql.conf.
    explicit PostgresServer(const std::string& settings = "fsync = off\n") {
        std::ofstream(folder_ / "password") << password << "\n";
        hand_over(folder_.path().string());
        hand_over(folder_ / "password");
        const int made =
            wait_for(spawn({programs() + "/initdb", "--pgdata=" + data(), "--username=ringrift",
                            "--pwfile=" + (folder_ / "password"), "--auth=scram-sha-256",
                            "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"}));
        if (made != 0) throw std::runtime_error("initdb failed: " + text_of(folder_ / "output"));
        std::ofstream(data() + "/postgresql.conf", std::ios::app)
            << "max_connections = 40\nshared_buffers = 256MB\nmax_wal_size = 4GB\n"
            << settings;
        start();
    }
    ~PostgresServer() {
        if (pid_ > 0) ::kill(pid_, SIGQUIT), wait_for(pid_);
    }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    static constexpr const char* password = "se'cret%";

    /// Returns when it takes connections, however long its recovery.
    void start() {
        const bool up = await(
            [this] {
                if (pid_ <= 0 || has_ended()) {
                    port_ = port_ == 0 ? free_port() : port_;
                    pid_ = spawn({programs() + "/postgres", "-D", data(), "-h", "127.0.0.1", "-p",
                                  std::to_string(port_), "-k", folder_.path().string()});
                }
                return answers();
            },
            60s);
        if (!up) throw std::runtime_error("no PostgreSQL: " + text_of(folder_ / "output"));
    }
    /// Fast shutdown: sessions are ended, everything is on disk.
    void stop() {
        ::kill(pid_, SIGINT);
        wait_for(pid_);
        pid_ = -1;
    }
    void kill() {
        ::kill(pid_, SIGKILL);
        wait_for(pid_);
        pid_ = -1;
    }
    void send(int signal) const { ::kill(pid_, signal); }

    /// A new database, empty. Its URL, with the password.
    std::string new_database() {
        const std::string name = "test_" + std::to_string(++databases_);
        pqxx::connection connection(url("postgres"));
        pqxx::nontransaction(connection).exec("create database " + name);
        return url(name);
    }
    std::string url(const std::string& database, const std::string& secret = "se%27cret%25",
                    const std::string& user = "ringrift") const {
        return "postgresql://" + user + ":" + secret + "@127.0.0.1:" + std::to_string(port_) + "/" +
               database;
    }
    int port() const { return port_; }
    pid_t pid() const { return pid_; }  ///< Of the postmaster.
    std::string output() const { return text_of(folder_ / "output"); }
    std::string psql() const { return programs() + "/psql"; }

  private:
    std::string data() const { return folder_ / "data"; }

    static std::string programs() {
        for (const int version : {17, 16, 15, 14}) {
            const std::string folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
            if (access((folder + "/postgres").c_str(), X_OK) == 0) return folder;
        }
        throw std::runtime_error("PostgreSQL is not installed; run ops/packages install test");
    }

    static void hand_over(const std::string& path) {
        const passwd* user = getuid() == 0 ? getpwnam("postgres") : nullptr;
        if (user && chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
            throw std::runtime_error("cannot give " + path + " to the user postgres");
        }
    }

    pid_t spawn(std::vector<std::string> arguments) const {
        const std::string output = folder_ / "output";
        const passwd* user = getuid() == 0 ? getpwnam("postgres") : nullptr;
        const uid_t uid = user ? user->pw_uid : 0;
        const gid_t gid = user ? user->pw_gid : 0;
        std::vector<char*> raw;
        for (std::string& argument : arguments) raw.push_back(argument.data());
        raw.push_back(nullptr);
        const pid_t pid = fork();
        if (pid != 0) return pid;
        const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        if (uid != 0 && (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0))
            _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);  // Should the test itself be killed.
        execv(raw.front(), raw.data());
        _exit(127);
    }

    static int wait_for(pid_t pid) {
        int status = 0;
        waitpid(pid, &status, 0);
        return status;
    }
    bool has_ended() const {
        int status = 0;
        return waitpid(pid_, &status, WNOHANG) != 0;
    }
    bool answers() const {
        try {
            return pqxx::connection(url("postgres") + "?connect_timeout=5").is_open();
        } catch (const std::exception&) {
            return false;
        }
    }
    static int free_port() {
        const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        const bool bound =
            bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        close(descriptor);
        if (!bound) throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }

    TemporaryFolder folder_;
    pid_t pid_ = -1;
    int port_ = 0;
    int databases_ = 0;
};

/// The one of this test program.
inline PostgresServer& postgres() {
    static PostgresServer server;
    return server;
}

}  // namespace ringrift::tests
