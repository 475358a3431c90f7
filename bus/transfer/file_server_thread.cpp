#include "bus/transfer/file_server_thread.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bus/sha256.hpp"
#include "bus/transfer/connection_options.hpp"

namespace ringrift::bus {
namespace {

using std::chrono::milliseconds;

constexpr int messages_per_round_max = 256;  // So that nobody's asks keep us from serving.
constexpr int turns_per_round_max = 16;      // Nor the other way round.
constexpr int answers_queued_max = 64;       // Of one connection that does not read.
constexpr milliseconds look_after_every = milliseconds(500);
constexpr milliseconds greet_every = std::chrono::seconds(2);

/// `tcp://[::ffff:127.0.0.1]:80`, as ZeroMQ says it, is `tcp://127.0.0.1:80`.
std::string plain(const std::string& endpoint) {
    constexpr std::string_view mapped = "tcp://[::ffff:";
    if (!endpoint.starts_with(mapped)) return endpoint;
    std::string text = "tcp://" + endpoint.substr(mapped.size());
    text.erase(text.find(']'), 1);
    return text;
}

std::string user_of(zmq::message_t& message) {
    const char* user = ::zmq_msg_gets(message.handle(), "User-Id");
    return user == nullptr ? "" : user;
}

/// The parts of one message; empty when there is none.
std::vector<zmq::message_t> receive(zmq::socket_t& socket) {
    std::vector<zmq::message_t> parts;
    do {
        zmq::message_t part;
        if (!socket.recv(part, zmq::recv_flags::dontwait)) return {};
        parts.push_back(std::move(part));
    } while (parts.back().more());
    return parts;
}

bool is_ask(const Frame& frame) {
    return frame.kind == FrameKind::ask || frame.kind == FrameKind::pull ||
           frame.kind == FrameKind::doubt;
}

bool read_fully(int fd, char* bytes, std::int64_t offset, std::int64_t length) {
    while (length > 0) {
        const ssize_t got = ::pread(fd, bytes, static_cast<std::size_t>(length), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        offset += got;
        length -= got;
    }
    return true;
}

}  // namespace

FileServer::Thread::Thread(const FileServerOptions& options, FindFile find, MonotonicClock now)
    : options_(options),
      now_(std::move(now)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      buffers_(options.bounds.sessions_max * options.bounds.untaken_max, wake_.get()),
      context_(options.network_threads),
      doorkeeper_(context_),
      door_(context_, zmq::socket_type::router),
      files_(std::move(find)),
      sessions_(options.bounds),
      bucket_(options.bytes_per_second_max) {
    set_for_server(door_, options_.keys);
    door_.set(zmq::sockopt::router_mandatory, true);
    door_.set(zmq::sockopt::sndhwm, answers_queued_max);
    door_.bind(options_.endpoint);
    endpoint_ = plain(door_.get(zmq::sockopt::last_endpoint));
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

FileServer::Thread::~Thread() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
}

void FileServer::Thread::serve_through(std::vector<ServerAddress> relays) {
    const std::lock_guard lock(mutex_);
    relays_asked_ = std::move(relays);
    ::eventfd_write(wake_.get(), 1);
}

void FileServer::Thread::set_bandwidth(std::int64_t bytes_per_second_max) {
    const std::lock_guard lock(mutex_);
    bandwidth_asked_ = bytes_per_second_max;
    ::eventfd_write(wake_.get(), 1);
}

FileServerCounters FileServer::Thread::counters() const {
    const std::lock_guard lock(mutex_);
    return published_;
}

void FileServer::Thread::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            wait(now_());
            const MonotonicTime now = now_();
            take_changes();
            for (const std::uint64_t session : buffers_.returned()) sessions_.taken(session);
            doorkeeper_.answer();
            greet_relays(now);
            hear_door(now);
            for (auto& [number, link] : links_) hear(number, now);
            serve(now);
            publish();
        } catch (const zmq::error_t& error) {
            if (error.num() == ETERM) return;  // Anything else (a signal) concerns one round.
        }
    }
}

void FileServer::Thread::wait(MonotonicTime now) {
    std::vector<zmq::pollitem_t> items = {{nullptr, wake_.get(), ZMQ_POLLIN, 0},
                                          {doorkeeper_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                          {door_.handle(), 0, ZMQ_POLLIN, 0}};
    for (auto& [number, link] : links_) items.push_back({link.socket.handle(), 0, ZMQ_POLLIN, 0});
    milliseconds within = look_after_every;
    if (sessions_.anybody_waits() && buffers_.has_room())
        within = std::min(within, bucket_.wait(now));
    zmq::poll(items, within);
    eventfd_t ignored = 0;
    if ((items.front().revents & ZMQ_POLLIN) != 0) ::eventfd_read(wake_.get(), &ignored);
}

void FileServer::Thread::take_changes() {
    std::optional<std::vector<ServerAddress>> relays;
    {
        const std::lock_guard lock(mutex_);
        relays.swap(relays_asked_);
        if (bandwidth_asked_) bucket_.set(*bandwidth_asked_);
        bandwidth_asked_.reset();
    }
    if (!relays) return;
    const auto is_wanted = [&](const ServerAddress& relay) {
        return std::ranges::find(*relays, relay) != relays->end();
    };
    std::erase_if(links_, [&](const auto& entry) { return !is_wanted(entry.second.relay); });
    for (const ServerAddress& relay : *relays) {
        const bool is_there = std::ranges::any_of(
            links_, [&](const auto& entry) { return entry.second.relay == relay; });
        if (is_there) continue;
        Link link = {.relay = relay, .socket = {context_, zmq::socket_type::dealer}};
        set_for_client(link.socket, options_.keys, relay);
        link.socket.set(zmq::sockopt::sndhwm, answers_queued_max);
        link.socket.set(zmq::sockopt::immediate, true);
        link.socket.connect(relay.endpoint);
        links_.emplace(++last_link_, std::move(link));
    }
}

void FileServer::Thread::greet_relays(MonotonicTime now) {
    for (auto& [number, link] : links_) {
        if (now - link.said_at < greet_every) continue;
        // False while it is not connected; then it is tried again in the next round.
        if (say({.link = number}, {.kind = FrameKind::serve})) link.said_at = now;
    }
}

void FileServer::Thread::hear_door(MonotonicTime now) {
    for (int count = 0; count < messages_per_round_max; ++count) {
        auto parts = receive(door_);
        if (parts.empty()) return;
        if (parts.size() < 2 || parts.size() > 3) {
            counts_.malformed += 1;
            continue;
        }
        const std::string peer = parts[0].to_string();
        const bool in_clear = options_.keys.public_key.empty();
        const NodeId node = doorkeeper_.member_with({user_of(parts[1])});
        if (node.empty() && !in_clear) {
            counts_.denied += 1;
            const auto ask = decode_frame(parts[1].to_string_view());
            if (ask && is_ask(*ask)) refuse({.peer = peer}, *ask, NoReason::denied);
            sessions_.forget({.peer = peer});
            continue;
        }
        zmq::message_t body;
        if (parts.size() == 3) body = std::move(parts[2]);
        handle_at_door(peer, node, parts[1], body, now);
    }
}

void FileServer::Thread::handle_at_door(const std::string& peer, const NodeId& node,
                                        zmq::message_t& header, zmq::message_t& body,
                                        MonotonicTime now) {
    auto frame = decode_frame(header.to_string_view());
    if (!frame) {
        counts_.malformed += 1;
        const bool is_other = frame.error() == FrameProblem::other_version;
        refuse({.peer = peer}, {}, is_other ? NoReason::other_version : NoReason::malformed);
    } else if (is_ask(*frame)) {
        take_ask({.peer = peer}, std::move(*frame), now);
    } else if (frame->kind == FrameKind::serve) {
        serving_[node] = peer;
    } else {
        // Only who serves through us has answers to hand back.
        const auto serving = serving_.find(node);
        if (serving != serving_.end() && serving->second == peer)
            hand_back(std::move(*frame), body);
        else
            counts_.malformed += 1;
    }
}

void FileServer::Thread::hear(std::size_t number, MonotonicTime now) {
    for (int count = 0; count < messages_per_round_max; ++count) {
        auto parts = receive(links_.at(number).socket);
        if (parts.empty()) return;
        auto frame = decode_frame(parts[0].to_string_view());
        if (!frame || parts.size() > 1 || !is_ask(*frame)) {
            counts_.malformed += 1;
            continue;
        }
        const Caller caller = {.link = number, .route = std::exchange(frame->route, {})};
        take_ask(caller, std::move(*frame), now);
    }
}

void FileServer::Thread::take_ask(const Caller& caller, Frame ask, MonotonicTime now) {
    const Frame copy = ask;
    if (!sessions_.add(caller, std::move(ask), now)) refuse(caller, copy, NoReason::busy);
}

/// `answer.route` is what we put there when we forwarded the ask: the connection it came from.
void FileServer::Thread::hand_back(Frame answer, zmq::message_t& body) {
    const Caller caller = {.peer = std::exchange(answer.route, {})};
    if (!say(caller, std::move(answer), std::move(body))) counts_.not_delivered += 1;
}

void FileServer::Thread::serve(MonotonicTime now) {
    for (int turns = 0; turns < turns_per_round_max; ++turns) {
        if (!buffers_.has_room() || bucket_.wait(now) > milliseconds::zero()) break;
        const auto turn = sessions_.next(now);
        if (!turn) break;
        serve(*turn, now);
    }
    if (now - looked_after_at_ < look_after_every) return;
    looked_after_at_ = now;
    files_.close_idle(now);
    for (const auto& turn : sessions_.look_after(now)) {
        // Lost when the connection is full: then there is no need to say that we are alive.
        if (!say(turn.caller, {.kind = FrameKind::wait, .request = turn.ask.request}))
            counts_.not_delivered += 1;
    }
}

void FileServer::Thread::serve(const ServerSessions::Turn& turn, MonotonicTime now) {
    if (!turn.ask.route.empty())
        forward(turn);
    else if (turn.ask.kind == FrameKind::doubt)
        note_doubt(turn);
    else if (turn.ask.kind == FrameKind::ask)
        send_size(turn, now);
    else
        send_chunk(turn, now);
}

void FileServer::Thread::forward(const ServerSessions::Turn& turn) {
    sessions_.taken(turn.session);
    Frame ask = turn.ask;
    const auto serving = serving_.find(NodeId{std::exchange(ask.route, turn.caller.peer)});
    if (serving == serving_.end()) return refuse(turn.caller, turn.ask, NoReason::no_route);
    counts_.relayed += 1;
    bucket_.take(ask.kind == FrameKind::pull ? ask.length : 0);
    if (say({.peer = serving->second}, std::move(ask))) return;
    serving_.erase(serving);
    refuse(turn.caller, turn.ask, NoReason::no_route);
}

void FileServer::Thread::note_doubt(const ServerSessions::Turn& turn) {
    sessions_.taken(turn.session);
    counts_.doubted += 1;
    if (options_.on_doubt && is_digest(turn.ask.file)) options_.on_doubt(turn.ask.file);
}

void FileServer::Thread::send_size(const ServerSessions::Turn& turn, MonotonicTime now) {
    sessions_.taken(turn.session);
    const auto* file = files_.open(turn.ask.file, now);
    if (file == nullptr) return refuse(turn.caller, turn.ask, NoReason::no_such_file);
    Frame here = turn.ask;
    here.kind = FrameKind::here;
    here.length = file->bytes;
    if (!say(turn.caller, std::move(here))) counts_.not_delivered += 1;
}

void FileServer::Thread::send_chunk(const ServerSessions::Turn& turn, MonotonicTime now) {
    const Frame& ask = turn.ask;
    const auto* file = files_.open(ask.file, now);
    if (file == nullptr) {
        sessions_.taken(turn.session);
        return refuse(turn.caller, ask, NoReason::no_such_file);
    }
    ChunkBuffers::Buffer& buffer = buffers_.take(turn.session);
    const bool is_read = read_fully(file->fd.get(), buffer.bytes.get(), ask.offset, ask.length);
    // From here on the message owns the buffer: it comes back however this ends.
    zmq::message_t body(buffer.bytes.get(), static_cast<std::size_t>(ask.length),
                        &ChunkBuffers::give_back, &buffer);
    if (!is_read) return refuse(turn.caller, ask, NoReason::unreadable);
    Frame chunk = ask;
    chunk.kind = FrameKind::chunk;
    if (!say(turn.caller, std::move(chunk), std::move(body))) {
        counts_.not_delivered += 1;
        return;
    }
    bucket_.take(ask.length);
    counts_.chunks += 1;
    counts_.bytes += ask.length;
}

void FileServer::Thread::refuse(const Caller& caller, const Frame& ask, NoReason reason) {
    Frame no = ask;
    no.kind = FrameKind::no;
    no.reason = reason;
    no.route = {};
    if (!say(caller, std::move(no))) counts_.not_delivered += 1;
}

bool FileServer::Thread::say(const Caller& caller, Frame frame, zmq::message_t body) {
    const bool at_door = caller.link == 0;
    const auto link = links_.find(caller.link);
    if (!at_door && link == links_.end()) return false;
    zmq::socket_t& socket = at_door ? door_ : link->second.socket;
    if (!at_door) frame.route = caller.route;
    const auto more = zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    const auto last = zmq::send_flags::dontwait;
    try {
        if (at_door && !socket.send(zmq::buffer(caller.peer), more)) return false;
        const bool has_body = body.size() > 0;
        const std::string header = encode_frame(frame);
        if (!socket.send(zmq::buffer(header), has_body ? more : last)) return false;
        return !has_body || socket.send(body, last).has_value();
    } catch (const zmq::error_t&) {  // The connection is gone, or its name makes no sense.
        if (at_door) sessions_.forget(caller);
        return false;
    }
}

void FileServer::Thread::publish() {
    counts_.sessions = static_cast<std::int64_t>(sessions_.count());
    counts_.refused = doorkeeper_.refused();
    const std::lock_guard lock(mutex_);
    published_ = counts_;
}

}  // namespace ringrift::bus
