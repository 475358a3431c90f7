#include "bus/job_channel.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <zmq.hpp>

namespace ringrift::bus {
namespace {

namespace fs = std::filesystem;

constexpr int queued_messages_max = 1000;
// ZeroMQ cuts the connection of who sends more; below it we can count and go on.
constexpr std::int64_t frame_bytes_max = 1024 * 1024;
constexpr std::size_t allowances_max = 10'000;
constexpr std::size_t socket_path_bytes_max = 107;
constexpr mode_t private_folder = 0700;

// FNV-1a: the same on every machine and in every version.
std::string short_name(const std::string& text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (int at = 0; at < 16; ++at, hash >>= 4) name += digits[hash & 15];
    return name;
}

// A folder that only we can enter, made now or before.
bool is_ours(const fs::path& folder) {
    ::mkdir(folder.c_str(), private_folder);
    struct stat facts = {};
    return ::lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) &&
           facts.st_uid == ::geteuid() && ::chmod(folder.c_str(), private_folder) == 0;
}

}  // namespace

struct JobChannel::Sockets {
    zmq::context_t context{1};
    zmq::socket_t pull{context, zmq::socket_type::pull};
};

Result<std::unique_ptr<JobChannel>, ChannelProblem> JobChannel::open(const fs::path& path) {
    const std::string endpoint = "ipc://" + path.string();
    try {
        auto sockets = std::make_unique<Sockets>();
        sockets->pull.set(zmq::sockopt::rcvhwm, queued_messages_max);
        sockets->pull.set(zmq::sockopt::maxmsgsize, frame_bytes_max);
        sockets->pull.set(zmq::sockopt::linger, 0);
        sockets->pull.bind(endpoint);
        return std::unique_ptr<JobChannel>(new JobChannel(std::move(sockets), endpoint));
    } catch (const zmq::error_t& error) {
        return ChannelProblem{"cannot open the job channel at " + endpoint + ": " + error.what()};
    }
}

JobChannel::JobChannel(std::unique_ptr<Sockets> sockets, std::string endpoint)
    : sockets_(std::move(sockets)), endpoint_(std::move(endpoint)) {}

JobChannel::~JobChannel() = default;

int JobChannel::descriptor() const {
    return sockets_->pull.get(zmq::sockopt::fd);
}

JobChannel::Received JobChannel::receive(std::size_t count_max, MonotonicTime now) {
    Received received;
    for (std::size_t count = 0; count < count_max; ++count) {
        zmq::message_t frame;
        bool several = false;
        try {
            if (!sockets_->pull.recv(frame, zmq::recv_flags::dontwait)) return received;
            while (frame.more()) {
                several = true;
                if (!sockets_->pull.recv(frame, zmq::recv_flags::none)) break;
            }
        } catch (const zmq::error_t&) {  // Interrupted by a signal; the next call goes on.
            return received;
        }
        if (frame.size() > job_message_bytes_max) {
            counters_.too_large += 1;
            continue;
        }
        auto message = several ? std::nullopt : parse_job_message(frame.to_string_view());
        if (!message) {
            counters_.malformed += 1;
        } else if (!within_rate(*message, now)) {
            counters_.over_rate += 1;
        } else {
            counters_.received += 1;
            received.messages.push_back(std::move(*message));
        }
    }
    received.more = true;
    return received;
}

bool JobChannel::within_rate(const JobMessage& message, MonotonicTime now) {
    if (allowances_.size() >= allowances_max) allowances_.clear();
    const auto [found, is_new] =
        allowances_.try_emplace({message.work, message.fence}, Allowance{.at = now});
    Allowance& allowance = found->second;
    const std::chrono::duration<double> passed = now - allowance.at;
    allowance.at = now;
    allowance.left = std::min(job_messages_burst_max,
                              allowance.left + passed.count() * job_messages_per_second_max);
    if (allowance.left < 1) return false;
    allowance.left -= 1;
    return true;
}

Result<fs::path, ChannelProblem> channel_path(const fs::path& data_folder,
                                              const fs::path& runtime_folder) {
    std::error_code problem;
    const fs::path data = fs::weakly_canonical(data_folder, problem);
    const std::string name = "ringrift-" + std::to_string(::geteuid()) + "-" + short_name(data);
    std::string tried;
    for (const fs::path& folder :
         {data / "channel", runtime_folder / name, fs::path("/tmp") / name}) {
        const fs::path path = folder / "jobs";
        if (folder.is_relative() || path.string().size() > socket_path_bytes_max) continue;
        if (is_ours(folder)) return path;
        tried += (tried.empty() ? "" : ", ") + folder.string();
    }
    return ChannelProblem{"no place for the job channel: cannot make a private folder at " + tried +
                          "; use a shorter data folder, or set XDG_RUNTIME_DIR"};
}

}  // namespace ringrift::bus
