// How NatsFollower fetches: one consumer at a time, one request at a time.
//
// A consumer is ephemeral and without acknowledgements, so that nothing of it is kept or has to be
// cleaned up; the server forgets it soon after the last request. natsSubscription_Fetch is not
// used: in libnats 3.4.1 it writes beyond its list.

#include <nats/nats.h>

#include "bus/codec.hpp"
#include "bus/nats_ack.hpp"
#include "bus/nats_pull.hpp"

namespace ringrift::bus {
namespace {

constexpr auto request_expires = std::chrono::milliseconds(1000);
constexpr auto silence_max = std::chrono::milliseconds(2000);  // That, and time to answer.
constexpr std::int64_t forgotten_after_ns = 30'000 * nanoseconds_each_ms;

std::string request_text(std::size_t count, std::size_t bytes) {
    return "{\"batch\":" + std::to_string(count) + ",\"max_bytes\":" + std::to_string(bytes) +
           ",\"expires\":" + std::to_string(request_expires.count() * nanoseconds_each_ms) + "}";
}

/// Whether what the server says of a request ends the consumer with it.
bool ends_consumer(std::string_view status, std::string_view description) {
    if (status == "408" || status == "404") return false;  // Nothing came in its time.
    return description.find("Batch") == std::string_view::npos &&
           description.find("MaxBytes") == std::string_view::npos;
}

}  // namespace

bool NatsFollower::make_consumer(Pull& pull, const NatsLine& line, jsCtx* jetstream) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.AckPolicy = js_AckNone;
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.MemoryStorage = true;
    config.Replicas = 1;
    config.InactiveThreshold = forgotten_after_ns;
    {
        const std::lock_guard lock(mutex_);
        pull.seek = seeks_answered_;
        pull.expected = fetched_ + 1;
        // The last event known is asked for once more: is it still the one that it was?
        if (fetched_ > 0 && anchor_ && anchor_->position == fetched_) pull.check = anchor_;
        config.OptStartSeq = pull.check ? fetched_ : pull.expected;
    }
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = ask_wait.count();
    jsConsumerInfo* raw = nullptr;
    const std::string stream = stream_name(plan_.cluster);
    const natsStatus status =
        js_AddConsumer(&raw, jetstream, stream.c_str(), &config, &options, nullptr);
    const ConsumerInfo info(raw);
    if (status != NATS_OK) return false;
    pull.next_subject = "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + info->Name;
    pull.inbox = new_inbox();
    pull.receiver = std::make_unique<NatsReceiver>(
        line.connection(), pull.inbox, [this, &pull](natsMsg* message) { take(pull, message); });
    return pull.receiver->good();
}

bool NatsFollower::is_disturbed(const Pull& pull) const {
    return pull.is_lost || pull.broken || pull.seek != seeks_ || !is_ready();
}

/// Asks once, as soon as there is room, and waits until all has come that will.
NatsFollower::Next NatsFollower::fetch(Pull& pull, const NatsLine& line,
                                       const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] {
        const bool has_room =
            buffer_.size() <= limits_.events_max / 2 && buffer_bytes_ <= limits_.bytes_max / 2;
        return has_room || is_disturbed(pull);
    });
    if (!stop.stop_requested() && !is_disturbed(pull)) {
        pull.asked = std::max<std::size_t>(1, limits_.events_max / 2);
        pull.is_finished = false;
        const std::string request = request_text(pull.asked, limits_.bytes_max / 2);
        lock.unlock();
        const natsStatus status = natsConnection_PublishRequest(
            line.connection(), pull.next_subject.c_str(), pull.inbox.c_str(), request.data(),
            static_cast<int>(request.size()));
        lock.lock();
        if (status != NATS_OK) return Next::verify_anew;
    }
    while (!stop.stop_requested() && !pull.is_finished && !is_disturbed(pull)) {
        const std::size_t before = pull.received;
        const bool heard = changed_.wait_for(lock, stop, silence_max, [&] {
            return pull.received != before || pull.is_finished || is_disturbed(pull);
        });
        if (!heard) return Next::verify_anew;
    }
    if (!is_ready()) return Next::verify_anew;
    return is_disturbed(pull) ? Next::consumer_anew : Next::go_on;
}

/// On a thread of libnats.
void NatsFollower::take(Pull& pull, natsMsg* message) {
    if (natsMsg_GetReply(message) == nullptr) {  // The server's own, not an event.
        const std::string_view status = status_of(message);
        const char* raw = nullptr;
        const bool has_text = natsMsgHeader_Get(message, "Description", &raw) == NATS_OK;
        const std::string_view description = has_text ? raw : "";
        const std::lock_guard lock(mutex_);
        ++pull.received;
        if (status != "100") pull.is_finished = true;
        if (pull.is_finished && ends_consumer(status, description)) pull.is_lost = true;
        changed_.notify_all();
        return;
    }
    const std::string_view text = text_of(message);
    Fetched fetched = {
        .recorded = {.position = position_in(natsMsg_GetReply(message)), .event = decode(text)},
        .bytes = text.size()};
    const std::lock_guard lock(mutex_);
    ++pull.received;
    if (pull.asked == 0 || --pull.asked == 0) pull.is_finished = true;
    if (!is_disturbed(pull)) take_event(pull, std::move(fetched));
    // The reader waits for as many as it knows to exist; the follower itself only for the end.
    const bool is_awaited = awaited_ > 0 && has_enough(awaited_);
    if (pull.is_finished || pull.is_lost || pull.broken || is_awaited) changed_.notify_all();
}

void NatsFollower::take_event(Pull& pull, Fetched fetched) {
    const Position position = fetched.recorded.position;
    const EventId& id = fetched.recorded.event.id;
    // After its disk was full, a server of 2.9 begins every consumer at the first event.
    if (position < (pull.check ? pull.check->position : pull.expected)) return;
    const std::string name = "stream " + stream_name(plan_.cluster);
    if (pull.check) {
        if (position == pull.check->position && id == pull.check->id) {
            pull.check.reset();
            return;
        }
        pull.broken = {NatsState::went_back, "event " + std::to_string(pull.check->position) +
                                                 " of " + name + " was " + pull.check->id.value +
                                                 ", but now event " + std::to_string(position) +
                                                 ", " + id.value + ", comes in its place"};
        return;
    }
    if (position != pull.expected) {
        pull.broken = {NatsState::gap, "event " + std::to_string(pull.expected) +
                                           " is missing from " + name + ", which goes on with " +
                                           std::to_string(position)};
        return;
    }
    ++pull.expected;
    fetched_ = position;
    end_ = std::max(end_, position);
    anchor_ = {position, id};
    buffer_bytes_ += fetched.bytes;
    buffer_.push_back(std::move(fetched));
    tell_news();
}

}  // namespace ringrift::bus
