#pragma once

// One connection to a source: a DEALER, and the monitor that tells how the connection fares.
//
// Connects once and never again by itself: whoever owns it closes it and opens another, so that no
// message of an earlier connection is ever mistaken for one of this. Internal to bus/transfer/;
// belongs to one thread.

#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "bus/transfer/fetch_error.hpp"
#include "bus/transfer/file_server.hpp"

namespace ringrift::bus {

class SourceStream {
  public:
    /// Throws zmq::error_t when the endpoint makes no sense. `name` is its own in this context.
    SourceStream(zmq::context_t& context, const ServerAddress& source, const NodeKeys& own,
                 const std::string& name);
    ~SourceStream();
    SourceStream(const SourceStream&) = delete;
    SourceStream& operator=(const SourceStream&) = delete;

    zmq::pollitem_t messages() { return {dealer_.handle(), 0, ZMQ_POLLIN, 0}; }
    zmq::pollitem_t news() { return {monitor_.handle(), 0, ZMQ_POLLIN, 0}; }

    struct News {
        bool connected = false;
        bool ready = false;
        std::optional<FetchError> lost = {};
    };
    /// How the connection has fared since the last call.
    News take_news();

    /// The next message: one or two parts; empty when there is none.
    std::vector<zmq::message_t> receive();

    /// False when it could not be handed to ZeroMQ.
    bool say(const Frame& frame);

    /// What was said last is still sent when the stream is closed, for a moment.
    void linger();

  private:
    zmq::socket_t dealer_;
    zmq::socket_t monitor_;
    bool is_connected_ = false;
    bool is_ready_ = false;
};

}  // namespace ringrift::bus
