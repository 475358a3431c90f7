#include "bus/transfer/file_server.hpp"

#include "bus/transfer/file_server_thread.hpp"

namespace ringrift::bus {
namespace {

bool is_loopback(const std::string& endpoint) {
    return endpoint.starts_with("tcp://127.") || endpoint.starts_with("tcp://[::1]") ||
           endpoint.starts_with("tcp://localhost:");
}

}  // namespace

Result<std::unique_ptr<FileServer>, ServerProblem> FileServer::open(
    const FileServerOptions& options, FindFile find, MonotonicClock now) {
    if (options.keys.public_key.empty() && !is_loopback(options.endpoint)) {
        return ServerProblem{"files are not served in clear at " + options.endpoint +
                             ", where others could read them; give the server keys"};
    }
    try {
        auto thread = std::make_unique<Thread>(options, std::move(find), std::move(now));
        return std::unique_ptr<FileServer>(new FileServer(std::move(thread)));
    } catch (const zmq::error_t& error) {
        return ServerProblem{"cannot serve files at " + options.endpoint + ": " + error.what() +
                             "; choose another address or port"};
    }
}

FileServer::FileServer(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}
FileServer::~FileServer() = default;

const std::string& FileServer::endpoint() const {
    return thread_->endpoint();
}
void FileServer::set_members(Members members) {
    thread_->set_members(std::move(members));
}
void FileServer::serve_through(std::vector<ServerAddress> relays) {
    thread_->serve_through(std::move(relays));
}
void FileServer::set_bandwidth(std::int64_t bytes_per_second_max) {
    thread_->set_bandwidth(bytes_per_second_max);
}
FileServerCounters FileServer::counters() const {
    return thread_->counters();
}

}  // namespace ringrift::bus
