#include "bus/transfer/source_stream.hpp"

#include <cstring>

#include "bus/transfer/connection_options.hpp"

namespace ringrift::bus {
namespace {

constexpr int linger_ms = 500;
constexpr int never = -1;
constexpr int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
                       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

}  // namespace

SourceStream::SourceStream(zmq::context_t& context, const ServerAddress& source,
                           const NodeKeys& own, const std::string& name)
    : dealer_(context, zmq::socket_type::dealer), monitor_(context, zmq::socket_type::pair) {
    set_for_client(dealer_, own, source);
    dealer_.set(zmq::sockopt::reconnect_ivl, never);
    dealer_.set(zmq::sockopt::rcvhwm, 0);  // Bounded by what we ask for.
    monitor_.set(zmq::sockopt::linger, 0);
    const std::string address = "inproc://" + name;
    if (::zmq_socket_monitor(dealer_.handle(), address.c_str(), events) != 0) throw zmq::error_t();
    monitor_.connect(address);
    dealer_.connect(source.endpoint);
}

SourceStream::~SourceStream() {
    ::zmq_socket_monitor(dealer_.handle(), nullptr, 0);
}

SourceStream::News SourceStream::take_news() {
    News news;
    while (true) {
        zmq::message_t event;
        zmq::message_t address;
        if (!monitor_.recv(event, zmq::recv_flags::dontwait)) return news;
        if (!monitor_.recv(address, zmq::recv_flags::dontwait)) return news;
        std::uint16_t what = 0;
        if (event.size() < sizeof what) continue;
        std::memcpy(&what, event.data(), sizeof what);
        switch (what) {
            case ZMQ_EVENT_CONNECTED: news.connected = is_connected_ = true; break;
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: news.ready = is_ready_ = true; break;
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: news.lost = FetchError::denied; break;
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: news.lost = FetchError::impostor; break;
            case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            case ZMQ_EVENT_DISCONNECTED:
            case ZMQ_EVENT_CLOSED:
                // A server cuts off without a word who encrypts for another key.
                if (!news.lost) {
                    news.lost = is_connected_ && !is_ready_ ? FetchError::impostor
                                                            : FetchError::unreachable;
                }
                break;
            default: break;
        }
    }
}

std::vector<zmq::message_t> SourceStream::receive() {
    std::vector<zmq::message_t> parts;
    do {
        zmq::message_t part;
        if (!dealer_.recv(part, zmq::recv_flags::dontwait)) return {};
        parts.push_back(std::move(part));
    } while (parts.back().more());
    return parts;
}

bool SourceStream::say(const Frame& frame) {
    const std::string header = encode_frame(frame);
    return dealer_.send(zmq::buffer(header), zmq::send_flags::dontwait).has_value();
}

void SourceStream::linger() {
    dealer_.set(zmq::sockopt::linger, linger_ms);
}

}  // namespace ringrift::bus
