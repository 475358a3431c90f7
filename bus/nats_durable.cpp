#include "bus/nats_durable.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <charconv>

#include "bus/nats_ack.hpp"

namespace ringrift::bus {
namespace {

constexpr Duration claim_expires = std::chrono::seconds(30);
constexpr Duration slice = std::chrono::milliseconds(250);  // Of a wait, to look at the line again.
constexpr int consumer_not_found = 10014;

struct ConsumerListEnd {
    void operator()(jsConsumerInfoList* list) const { jsConsumerInfoList_Destroy(list); }
};

std::string text_or_empty(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

DurableFacts facts_of(const jsConsumerInfo& info) {
    return {.name = text_or_empty(info.Name),
            .subject = text_or_empty(info.Config->FilterSubject),
            .purpose = text_or_empty(info.Config->Description),
            .done = info.AckFloor.Stream,
            .given_out = info.Delivered.Stream,
            .outstanding = info.NumAckPending,
            .waiting = static_cast<std::int64_t>(info.NumPending),
            .askers = info.NumWaiting};
}

NatsHealth away(const NatsConnection& connection) {
    return connection.health();
}

NatsHealth ask_failed(const std::string& what, natsStatus status, int code) {
    if (status == NATS_NOT_FOUND || code == jetstream_code::stream_not_found) {
        return {NatsState::stream_missing,
                what + ": there is no log of that name on this server; see --cluster"};
    }
    return {NatsState::silent, what + " failed: " + natsStatus_GetText(status) +
                                   (code == 0 ? "" : " (JetStream " + std::to_string(code) + ")") +
                                   "; see whether a majority of the NATS servers runs"};
}

/// A context of JetStream for a few calls on one line.
JetStream jetstream_on(const NatsLine& line) {
    jsCtx* raw = nullptr;
    if (natsConnection_JetStream(&raw, line.connection(), nullptr) != NATS_OK) return {};
    return JetStream(raw);
}

jsOptions patient() {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = 3 * ask_wait.count();
    return options;
}

/// `$JS.ACK.<stream>.<consumer>.<delivered>.…`: the fifth token, or the seventh with a domain.
std::int64_t given_out_in(std::string_view reply) {
    std::vector<std::string_view> tokens;
    for (std::size_t from = 0; from <= reply.size();) {
        const std::size_t to = std::min(reply.find('.', from), reply.size());
        tokens.push_back(reply.substr(from, to - from));
        from = to + 1;
    }
    const std::size_t at = tokens.size() >= 11 ? 6 : 4;
    std::int64_t count = 1;
    if (tokens.size() > at)
        std::from_chars(tokens[at].data(), tokens[at].data() + tokens[at].size(), count);
    return count;
}

}  // namespace

NatsDurable::NatsDurable(NatsConnection& connection, DurablePlan plan)
    : connection_(connection), plan_(std::move(plan)), stream_(stream_name(plan_.cluster)) {}

Result<DurableFacts, NatsHealth> NatsDurable::open() {
    const auto line = connection_.line();
    if (!line) return away(connection_);
    const JetStream jetstream = jetstream_on(*line);
    jsOptions options = patient();
    jsErrCode code = jsErrCode(0);
    jsConsumerInfo* raw = nullptr;
    natsStatus status = js_GetConsumerInfo(&raw, jetstream.get(), stream_.c_str(),
                                           plan_.name.c_str(), &options, &code);
    if (status == NATS_OK) {
        const ConsumerInfo info(raw);
        DurableFacts facts = facts_of(*info);
        if (facts.purpose == plan_.purpose && facts.subject == plan_.subject) return facts;
        return NatsHealth{
            NatsState::stream_differs,
            "'" + plan_.name + "' is taken: " + facts.purpose + " (" + facts.subject + ")"};
    }
    const bool missing = status == NATS_NOT_FOUND && int(code) != jetstream_code::stream_not_found;
    if (!missing && int(code) != consumer_not_found)
        return ask_failed("asking for '" + plan_.name + "'", status, int(code));
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = plan_.name.c_str();
    config.Description = plan_.purpose.c_str();
    if (!plan_.subject.empty()) config.FilterSubject = plan_.subject.c_str();
    config.AckPolicy = js_AckExplicit;
    config.AckWait = plan_.ack_wait.count() * nanoseconds_each_ms;
    config.MaxAckPending = 1;
    config.DeliverPolicy = js_DeliverNew;
    if (plan_.from) {
        config.DeliverPolicy = *plan_.from <= 1 ? js_DeliverAll : js_DeliverByStartSequence;
        config.OptStartSeq = *plan_.from <= 1 ? 0 : *plan_.from;
    }
    status = js_AddConsumer(&raw, jetstream.get(), stream_.c_str(), &config, &options, &code);
    if (status != NATS_OK) return ask_failed("making '" + plan_.name + "'", status, int(code));
    return facts_of(*ConsumerInfo(raw));
}

/// Subscribes to what comes for us, anew on each line.
bool NatsDurable::listen() {
    const auto line = connection_.line();
    if (!line) {
        trouble_ = connection_.health().sentence;
        return false;
    }
    if (line->number() == line_ && subscription_) return true;
    subscription_.reset();
    inbox_ = new_inbox();
    has_asked_ = false;
    subscription_ = subscribe(line->connection(), inbox_);
    line_ = subscription_ ? line->number() : 0;
    return subscription_ != nullptr;
}

bool NatsDurable::ask_for_one() {
    if (has_asked_ && waited_ <= claim_expires + 2 * ask_wait) return true;
    const auto line = connection_.line();
    if (!line || line->number() != line_) return false;
    const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + stream_ + "." + plan_.name;
    const std::string request =
        "{\"batch\":1,\"expires\":" + std::to_string(claim_expires.count() * nanoseconds_each_ms) +
        "}";
    has_asked_ =
        natsConnection_PublishRequest(line->connection(), subject.c_str(), inbox_.c_str(),
                                      request.data(), static_cast<int>(request.size())) == NATS_OK;
    waited_ = {};
    return has_asked_;
}

std::optional<DurableEvent> NatsDurable::next(Duration wait) {
    while (wait > Duration::zero()) {
        const Duration now_wait = std::min(wait, slice);
        wait -= now_wait;
        if (!listen() || !ask_for_one()) {
            nats_Sleep(now_wait.count());
            continue;
        }
        natsMsg* raw = nullptr;
        const natsStatus status =
            natsSubscription_NextMsg(&raw, subscription_.get(), now_wait.count());
        if (status == NATS_TIMEOUT) {
            waited_ += now_wait;
            if (connection_.is_on(line_)) trouble_.clear();
            continue;
        }
        if (status != NATS_OK) {  // The line is gone, and the subscription with it.
            line_ = 0;
            trouble_ = connection_.health().sentence;
            nats_Sleep(now_wait.count());
            continue;
        }
        if (auto event = taken(NatsMessage(raw))) return event;
    }
    return {};
}

/// An event, or the server's word on what was asked for.
std::optional<DurableEvent> NatsDurable::taken(NatsMessage message) {
    const char* reply = natsMsg_GetReply(message.get());
    if (reply != nullptr) {
        has_asked_ = false;
        trouble_.clear();
        return DurableEvent{.position = position_in(reply),
                            .given_out = given_out_in(reply),
                            .text = std::string(text_of(message.get())),
                            .answer_to = reply};
    }
    const std::string_view status = status_of(message.get());
    if (status == "100") return {};
    has_asked_ = false;
    if (status == "408" || status == "404") return {};  // Nothing came in its time.
    trouble_ = "JetStream gives '" + plan_.name + "' no events (" + std::string(status) +
               "); is asked again: see `nats consumer info " + stream_ + " " + plan_.name + "`";
    nats_Sleep(slice.count());
    return {};
}

bool NatsDurable::done(const DurableEvent& event) {
    const auto line = connection_.line();
    if (!line) return false;
    natsMsg* raw = nullptr;
    const natsStatus status = natsConnection_RequestString(
        &raw, line->connection(), event.answer_to.c_str(), "+ACK", ask_wait.count());
    const NatsMessage confirmation(raw);
    return status == NATS_OK && status_of(confirmation.get()).empty();
}

void NatsDurable::still_at_it(const DurableEvent& event) {
    const auto line = connection_.line();
    if (!line) return;
    natsConnection_PublishString(line->connection(), event.answer_to.c_str(), "+WPI");
}

void NatsDurable::give_back(const DurableEvent& event) {
    const auto line = connection_.line();
    if (!line) return;
    natsConnection_PublishString(line->connection(), event.answer_to.c_str(), "-NAK");
    natsConnection_FlushTimeout(line->connection(), ask_wait.count());
}

Result<std::vector<DurableFacts>, NatsHealth> durables(NatsConnection& connection,
                                                       const std::string& cluster,
                                                       std::string_view prefix) {
    const auto line = connection.line();
    if (!line) return away(connection);
    const JetStream jetstream = jetstream_on(*line);
    jsOptions options = patient();
    jsErrCode code = jsErrCode(0);
    jsConsumerInfoList* raw = nullptr;
    const natsStatus status =
        js_Consumers(&raw, jetstream.get(), stream_name(cluster).c_str(), &options, &code);
    const std::unique_ptr<jsConsumerInfoList, ConsumerListEnd> list(raw);
    std::vector<DurableFacts> found;
    if (status == NATS_NOT_FOUND && int(code) != jetstream_code::stream_not_found) return found;
    if (status != NATS_OK) return ask_failed("listing the consumers", status, int(code));
    for (int i = 0; list && i < list->Count; ++i) {
        const DurableFacts facts = facts_of(*list->List[i]);
        if (facts.name.starts_with(prefix)) found.push_back(facts);
    }
    std::ranges::sort(found, {}, &DurableFacts::name);
    return found;
}

std::optional<NatsHealth> forget_durable(NatsConnection& connection, const std::string& cluster,
                                         const std::string& name) {
    const auto line = connection.line();
    if (!line) return away(connection);
    const JetStream jetstream = jetstream_on(*line);
    jsOptions options = patient();
    jsErrCode code = jsErrCode(0);
    const natsStatus status = js_DeleteConsumer(jetstream.get(), stream_name(cluster).c_str(),
                                                name.c_str(), &options, &code);
    if (status == NATS_OK || int(code) == consumer_not_found) return {};
    if (status == NATS_NOT_FOUND && int(code) != jetstream_code::stream_not_found) return {};
    return ask_failed("forgetting '" + name + "'", status, int(code));
}

}  // namespace ringrift::bus
