#include "ops/jobs/nursery.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <tuple>

#include "ops/argument_pointers.hpp"
#include "ops/jobs/descriptor_letters.hpp"
#include "ops/jobs/nursery_process.hpp"

namespace ringrift::ops {
namespace {

constexpr int socket_there = 3;      // In the nursery.
constexpr int end_within_ms = 1000;  // It only forks what is asked for; then it ends.

// Owns what posix_spawn wants to be told.
class SpawnFacts {
  public:
    SpawnFacts(int socket, const std::filesystem::path& log) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, 0, 1);
        ::posix_spawn_file_actions_addopen(&actions_, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
        ::posix_spawn_file_actions_adddup2(&actions_, socket, socket_there);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, socket_there + 1);
        ::posix_spawnattr_init(&attributes_);
        sigset_t signals;  // Blocked until they can be heard: none may kill it before.
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

}  // namespace

Nursery::~Nursery() {
    end(end_within_ms);
}

void Nursery::ask(const consumers::JobId& job, const std::filesystem::path& folder, UniqueFd lock) {
    wanted_.push_back({job, folder, std::move(lock)});
}

std::vector<Birth> Nursery::exchange() {
    std::vector<Birth> births;
    hear(births);
    while (!wanted_.empty() && unanswered_.size() < unanswered_max) {
        Wanted& next = wanted_.front();
        const std::string refusal = socket_ ? "" : start();
        if (refusal.empty()) {
            if (send_letter(socket_.get(), next.folder.string(), next.lock.get())) {
                unanswered_.push_back(next.job);
            } else if (!unanswered_.empty()) {
                break;  // Its next answer, or its end, is when to try again.
            } else {
                births.push_back({next.job, NotBorn{cannot("reach") + std::strerror(errno)}});
            }
        } else {
            births.push_back({next.job, NotBorn{refusal}});
        }
        wanted_.pop_front();
    }
    return births;
}

void Nursery::hear(std::vector<Birth>& births) {
    while (socket_) {
        auto letter = receive_letter(socket_.get());
        if (!letter) return;
        if (letter->text.empty() || unanswered_.empty()) {  // Closed; or it is no nursery.
            end(0);
            for (const auto& job : unanswered_) births.push_back({job, BirthUnknown{}});
            return unanswered_.clear();
        }
        Birth birth{.job = unanswered_.front()};
        unanswered_.pop_front();
        if (letter->text.starts_with(born_word)) {
            birth.outcome = Born{std::move(letter->descriptor)};
        } else {
            birth.outcome = NotBorn{letter->text};
        }
        births.push_back(std::move(birth));
    }
}

std::string Nursery::cannot(const std::string& deed) const {
    return "cannot " + deed + " " + settings_.program.string() + ": ";
}

/// Empty when it runs.
std::string Nursery::start() {
    LetterEnds ends = make_letter_ends();
    if (!ends.here) return cannot("start") + std::strerror(errno);
    const SpawnFacts facts(ends.there.get(), settings_.log);
    std::vector<std::string> arguments = {settings_.program, "--nursery",
                                          std::to_string(socket_there), title_room()};
    std::vector<std::string> assignments;
    for (const auto& [name, value] : settings_.environment) {
        assignments.push_back(name + "=" + value);
    }
    ::pid_t pid = 0;
    const int refused =
        ::posix_spawn(&pid, settings_.program.c_str(), facts.actions(), facts.attributes(),
                      pointers_to(arguments).data(), pointers_to(assignments).data());
    if (refused != 0) return cannot("start") + std::strerror(refused);
    process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    socket_ = std::move(ends.here);
    return {};
}

/// Lets it do what it was asked, and ends it when that takes longer than `within_ms`.
void Nursery::end(int within_ms) {
    socket_.reset();
    if (!process_) return;
    pollfd ended = {process_.get(), POLLIN, 0};
    if (::poll(&ended, 1, within_ms) <= 0) {
        ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
    }
    siginfo_t how = {};
    // The number of waitid's idtype_t for a pidfd; glibc 2.36 knows it as P_PIDFD.
    ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &how, WEXITED);
    process_.reset();
}

}  // namespace ringrift::ops
