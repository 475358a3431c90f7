#pragma once

// Lets in who is a member, by its CURVE key: the ZeroMQ authentication handler (ZAP, RFC 27).
//
// The list of members can be replaced at any time, from any thread. A new connection is judged by
// it when it is made; who is inside carries its key on every message as `User-Id`, and the server
// looks it up again each time (`member_with`), so a removed member gets nothing more. `answer`
// belongs to the server's thread.

#include <map>
#include <memory>
#include <mutex>

#include "bus/ids.hpp"
#include "bus/transfer/node_keys.hpp"

namespace zmq {
class context_t;
class socket_t;
}  // namespace zmq

namespace ringrift::bus {

using Members = std::map<PublicKey, NodeId>;

class Doorkeeper {
  public:
    /// `context` is that of the sockets it watches; it must be there before they are bound.
    explicit Doorkeeper(zmq::context_t& context);
    ~Doorkeeper();

    /// Any thread.
    void set_members(Members members);
    /// Empty when nobody has this key.
    NodeId member_with(const PublicKey& key) const;

    /// Call `answer` when it is readable.
    zmq::socket_t& socket() { return *socket_; }
    void answer();

    /// Connections refused so far.
    std::int64_t refused() const { return refused_; }

    static constexpr const char* domain = "ringrift";

  private:
    std::unique_ptr<zmq::socket_t> socket_;
    std::int64_t refused_ = 0;
    mutable std::mutex mutex_;
    Members members_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::bus
