#pragma once

// Proof that the leader's process has ended: its machine refuses connections to the leader's API.
//
// The address is trusted only after the leader itself has answered there during this reign: what
// NODE_JOINED says may be a loopback or a wildcard address, which means another machine here. A
// process listens from before it is elected until it ends, so that a refusal from there is proof; a
// time-out, or a reset by something on the way after the connection, is none. A port that forwards
// to the node (a proxy in front of it) must not be put into NODE_JOINED.
//
// One thread of its own, which does the waiting; the others call on the node's thread.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "producers/leader_watch.hpp"

namespace ringrift::ops {

class ApiWatch final : public producers::LeaderWatch {
  public:
    /// `wake` is called from the thread when there is proof.
    explicit ApiWatch(std::function<void()> wake);
    ~ApiWatch() override;

    void watch(const producers::Reign& reign, const std::string& host, int port) override;
    void doubt() override;
    std::vector<bus::Epoch> take_ended() override;

    static constexpr bus::Duration connect_max = std::chrono::milliseconds(500);
    /// Between two tries to reach a leader that has not answered yet in this reign.
    static constexpr bus::Duration again_after = std::chrono::seconds(1);

  private:
    struct Address {
        producers::Reign reign = {};
        std::string host = {};
        int port = 0;
        friend bool operator==(const Address&, const Address&) = default;
    };
    void look(std::stop_token stop);

    const std::function<void()> wake_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Address address_;            ///< Guarded by mutex_, as are all below.
    bool is_confirmed_ = false;  ///< The leader has answered at this address.
    bool is_doubted_ = false;
    std::vector<bus::Epoch> ended_;
    std::jthread thread_;  ///< Last: ends before the rest.
};

}  // namespace ringrift::ops
