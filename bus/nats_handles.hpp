#pragma once

// What libnats hands out, each with its owner; for bus/nats_*.cpp alone, which include nats.h.
//
// libnats 3.4.1 (Debian 12) uses a subscription after it is destroyed if a message arrives in that
// moment. So one ends in three steps, here and nowhere else: unsubscribe, flush, destroy; and where
// the flush fails on a living connection it is never destroyed, since a few lost bytes are better
// than a lost process. Each object belongs to one thread, but for what it says itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct __natsConnection;
struct __natsMsg;
struct __natsSubscription;
struct __jsCtx;
struct jsStreamInfo;
struct jsConsumerInfo;

namespace ringrift::bus {

struct NatsMessageEnd {
    void operator()(__natsMsg* message) const;
};
using NatsMessage = std::unique_ptr<__natsMsg, NatsMessageEnd>;

struct JetStreamEnd {
    void operator()(__jsCtx* context) const;
};
using JetStream = std::unique_ptr<__jsCtx, JetStreamEnd>;

struct StreamInfoEnd {
    void operator()(jsStreamInfo* info) const;
};
using StreamInfo = std::unique_ptr<jsStreamInfo, StreamInfoEnd>;

struct ConsumerInfoEnd {
    void operator()(jsConsumerInfo* info) const;
};
using ConsumerInfo = std::unique_ptr<jsConsumerInfo, ConsumerInfoEnd>;

/// JetStream counts times in nanoseconds.
constexpr std::int64_t nanoseconds_each_ms = 1'000'000;

struct NatsSubscriptionEnd {
    __natsConnection* connection = nullptr;  ///< Lives as long as its subscriptions do.
    void operator()(__natsSubscription* subscription) const;
};
/// May outlive its connection, which it keeps allocated.
using NatsSubscription = std::unique_ptr<__natsSubscription, NatsSubscriptionEnd>;

/// A subscription to be asked for its messages; empty when it could not be made.
NatsSubscription subscribe(__natsConnection* connection, const std::string& subject);

/// A subject of our own, `_INBOX.…`, for answers.
std::string new_inbox();

std::string_view text_of(__natsMsg* message);
/// `503` and so on of a message of the server's own; empty for all others.
std::string_view status_of(__natsMsg* message);

/// A subscription whose messages come to a function, on a thread of libnats.
class NatsReceiver {
  public:
    using Receive = std::function<void(__natsMsg* message)>;

    /// Subscribes; `good()` says whether that went well. No `receive` runs once this has ended.
    /// Of those with the same `group`, each message comes to one.
    NatsReceiver(__natsConnection* connection, const std::string& subject, Receive receive,
                 const char* group = nullptr);
    ~NatsReceiver();
    NatsReceiver(const NatsReceiver&) = delete;
    NatsReceiver& operator=(const NatsReceiver&) = delete;

    bool good() const { return subscription_ != nullptr; }
    /// Messages that libnats dropped because `receive` was too slow.
    std::uint64_t dropped() const;

  private:
    struct Post;  ///< What libnats holds a pointer to.
    std::unique_ptr<Post> post_;
    NatsSubscription subscription_;
};

}  // namespace ringrift::bus
