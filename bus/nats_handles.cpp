#include "bus/nats_handles.hpp"

#include <nats/nats.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ringrift::bus {
namespace {

constexpr int unsubscribe_wait_ms = 500;  // What a living server answers in; a frozen one does not.
constexpr auto complete_wait = std::chrono::seconds(10);  // For one running callback.
// What a subscription holds before libnats drops: more than we ever ask for at once.
constexpr int pending_count_max = 256 * 1024;
constexpr int pending_bytes_max = 256 * 1024 * 1024;

}  // namespace

void NatsMessageEnd::operator()(natsMsg* message) const {
    natsMsg_Destroy(message);
}

void JetStreamEnd::operator()(jsCtx* context) const {
    jsCtx_Destroy(context);
}

void StreamInfoEnd::operator()(jsStreamInfo* info) const {
    jsStreamInfo_Destroy(info);
}

void ConsumerInfoEnd::operator()(jsConsumerInfo* info) const {
    jsConsumerInfo_Destroy(info);
}

void NatsSubscriptionEnd::operator()(natsSubscription* subscription) const {
    natsSubscription_Unsubscribe(subscription);
    const bool nothing_comes =
        natsConnection_FlushTimeout(connection, unsubscribe_wait_ms) == NATS_OK ||
        natsConnection_IsClosed(connection);
    if (nothing_comes) natsSubscription_Destroy(subscription);
}

NatsSubscription subscribe(natsConnection* connection, const std::string& subject) {
    natsSubscription* subscription = nullptr;
    const natsStatus status =
        natsConnection_SubscribeSync(&subscription, connection, subject.c_str());
    NatsSubscription owned(subscription, NatsSubscriptionEnd{connection});
    if (status != NATS_OK) return NatsSubscription(nullptr, NatsSubscriptionEnd{connection});
    natsSubscription_SetPendingLimits(subscription, pending_count_max, pending_bytes_max);
    return owned;
}

std::string new_inbox() {
    natsInbox* inbox = nullptr;
    if (natsInbox_Create(&inbox) != NATS_OK) return {};
    std::string subject = inbox;
    natsInbox_Destroy(inbox);
    return subject;
}

std::string_view text_of(natsMsg* message) {
    const int length = natsMsg_GetDataLength(message);
    if (length <= 0) return {};
    return {natsMsg_GetData(message), static_cast<std::size_t>(length)};
}

std::string_view status_of(natsMsg* message) {
    const char* status = nullptr;
    if (natsMsg_GetDataLength(message) > 0) return {};
    if (natsMsgHeader_Get(message, "Status", &status) != NATS_OK) return {};
    return status;
}

struct NatsReceiver::Post {
    Receive receive;
    std::mutex mutex = {};
    std::condition_variable completed = {};
    bool is_complete = false;  ///< Guarded by mutex: no callback runs or will.

    static void take(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
        static_cast<Post*>(closure)->receive(message);
        natsMsg_Destroy(message);
    }
    static void end(void* closure) {
        auto* post = static_cast<Post*>(closure);
        const std::lock_guard lock(post->mutex);
        post->is_complete = true;
        post->completed.notify_all();
    }
};

NatsReceiver::NatsReceiver(natsConnection* connection, const std::string& subject, Receive receive,
                           const char* group)
    : post_(new Post{.receive = std::move(receive)}),
      subscription_(nullptr, NatsSubscriptionEnd{connection}) {
    natsSubscription* subscription = nullptr;
    const natsStatus status =
        group == nullptr ? natsConnection_Subscribe(&subscription, connection, subject.c_str(),
                                                    Post::take, post_.get())
                         : natsConnection_QueueSubscribe(&subscription, connection, subject.c_str(),
                                                         group, Post::take, post_.get());
    if (status != NATS_OK) return;
    subscription_.reset(subscription);
    natsSubscription_SetPendingLimits(subscription, pending_count_max, pending_bytes_max);
    if (natsSubscription_SetOnCompleteCB(subscription, Post::end, post_.get()) == NATS_OK) return;
    // The connection closed in this moment: nobody will say when the last callback has ended.
    subscription_.reset();
    static_cast<void>(post_.release());
}

NatsReceiver::~NatsReceiver() {
    if (!subscription_) return;
    subscription_.reset();
    std::unique_lock lock(post_->mutex);
    const bool complete =
        post_->completed.wait_for(lock, complete_wait, [&] { return post_->is_complete; });
    lock.unlock();
    if (!complete) static_cast<void>(post_.release());  // A callback that hangs may still need it.
}

std::uint64_t NatsReceiver::dropped() const {
    std::int64_t count = 0;
    if (!subscription_ || natsSubscription_GetDropped(subscription_.get(), &count) != NATS_OK)
        return 0;
    return static_cast<std::uint64_t>(count);
}

}  // namespace ringrift::bus
