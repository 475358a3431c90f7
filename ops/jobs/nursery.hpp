#pragma once

// The daemon's end of the nursery: asks it for supervisors and hears of their births.
//
// The process (ops/jobs/nursery_process.hpp) is started when a supervisor is first wanted, and
// again when it has ended. Many may be asked for at once: nobody waits for one birth before the
// next. Belongs to the hands' thread.

#include <deque>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "consumers/hands.hpp"
#include "ops/jobs/job_environment.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

/// The supervisor runs. `handle` is its pidfd; none when there was no descriptor left for it.
struct Born {
    UniqueFd handle = {};
};

/// There is none, nor will there be; the sentence says why.
struct NotBorn {
    std::string sentence = {};
};

/// The nursery ended before it answered: the job's lock and files tell whether one came up.
struct BirthUnknown {};

struct Birth {
    consumers::JobId job = {};
    std::variant<Born, NotBorn, BirthUnknown> outcome = {};
};

/// What a nursery is started with.
struct NurserySettings {
    std::filesystem::path program = {};  ///< ringrift-job.
    Environment environment = {};        ///< Without secrets: it can be read in /proc.
    std::filesystem::path log = {};      ///< What supervisors say as they break; appended to.
};

class Nursery {
  public:
    explicit Nursery(NurserySettings settings) : settings_(std::move(settings)) {}
    Nursery(const Nursery&) = delete;
    Nursery& operator=(const Nursery&) = delete;
    ~Nursery();

    /// For a supervisor of `folder`, whose lock is handed to it. Each is answered by one Birth.
    void ask(const consumers::JobId& job, const std::filesystem::path& folder, UniqueFd lock);

    /// Sends what is asked, as much as the nursery takes, and yields what is answered by now.
    std::vector<Birth> exchange();

    /// Readable when there is an answer; -1 while there is no nursery.
    int descriptor() const { return socket_.get(); }

    /// More wait here: beyond it a socket's buffer or the descriptors in flight would run out.
    static constexpr std::size_t unanswered_max = 32;

  private:
    struct Wanted {
        consumers::JobId job = {};
        std::filesystem::path folder = {};
        UniqueFd lock = {};
    };
    std::string cannot(const std::string& deed) const;
    std::string start();
    void end(int within_ms);
    void hear(std::vector<Birth>& births);

    const NurserySettings settings_;
    UniqueFd socket_;
    UniqueFd process_;                         ///< Its pidfd.
    std::deque<Wanted> wanted_;                ///< Not sent yet.
    std::deque<consumers::JobId> unanswered_;  ///< Sent, in order.
};

}  // namespace ringrift::ops
