#pragma once

// What systemd is told of this process, as sd_notify(3) lays it down: a datagram to the socket that
// NOTIFY_SOCKET names. Without that variable nothing is sent.
//
//     READY=1      once, when the node has joined
//     STATUS=...   one line, when it changes, once a second at most
//     WATCHDOG=1   four times within the interval of WATCHDOG_USEC
//     STOPPING=1   once, when the node begins to end
//
// There is no thread here: whoever calls `turn` is who lives. So the node's thread calls it in each
// round, and a node that hangs is found and started again, whatever its other threads still do.
// Nothing blocks: what systemd cannot take at the moment is said again at the next turn.

#include <map>
#include <string>

#include "bus/time.hpp"

namespace ringrift::ops {

struct ServiceState {
    bool joined = false;
    bool stopping = false;
    std::string status = {};  ///< One line.
};

class ServiceNotice {
  public:
    /// `environment` is this process's; read once.
    explicit ServiceNotice(const std::map<std::string, std::string>& environment);
    ~ServiceNotice();
    ServiceNotice(const ServiceNotice&) = delete;
    ServiceNotice& operator=(const ServiceNotice&) = delete;

    /// Whether a status would be sent now; it need not be made otherwise.
    bool wants_status(bus::Instant now) const;
    void turn(const ServiceState& state, bus::Instant now);

    static constexpr bus::Duration status_period = std::chrono::seconds(1);

  private:
    bool send(const std::string& text) const;

    std::string socket_path_ = {};
    int socket_ = -1;
    bus::Duration beat_period_ = {};  ///< 0 where there is no watchdog.
    bus::Instant beat_at_ = {};       ///< The next one.
    bus::Instant status_at_ = {};
    std::string status_said_ = {};
    bool joined_said_ = false;
    bool stopping_said_ = false;
};

}  // namespace ringrift::ops
