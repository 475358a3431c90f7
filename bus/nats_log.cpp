#include "bus/nats_log.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include "bus/codec.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr std::size_t subject_bytes_max = 3000;   // A line of the NATS protocol has 4096.
constexpr std::size_t fixed_subject_bytes = 100;  // `ringrift`, the noun, dots; at most.
constexpr std::size_t token_bytes_each = 3;       // `%XX` for a byte of an id; at most.

/// Looks at the text itself only where the cheap bound does not tell.
bool is_larger(const Event& event, std::string_view cluster, std::size_t bytes) {
    return encoded_bytes_at_most(event, cluster) > bytes && encode(event, cluster).size() > bytes;
}

bool has_larger_subject(const Event& event, std::string_view cluster, std::size_t bytes) {
    const std::size_t names = about(event).size() + cluster.size() + type_of(event).size();
    return fixed_subject_bytes + token_bytes_each * names > bytes &&
           subject_of(event, cluster).size() > bytes;
}

/// Whether a server that takes so many bytes in one message takes this one.
bool fits(const Event& event, std::string_view cluster, std::size_t payload_max) {
    const std::string_view id = event.id.value;
    const std::size_t at_most = encoded_bytes_at_most(event, cluster) +
                                NatsPublisher::header_bytes(token_bytes_each * id.size());
    if (at_most <= payload_max) return true;
    return encode(event, cluster).size() + NatsPublisher::header_bytes(encode_token(id).size()) <=
           payload_max;
}

}  // namespace

NatsLog::NatsLog(NatsConnection& connection, NatsLogSettings settings)
    : connection_(connection),
      settings_(std::move(settings)),
      stream_(stream_name(settings_.stream.cluster)),
      follower_(connection, settings_.stream, settings_.mark, settings_.limits),
      publisher_(connection) {}

NatsLog::~NatsLog() = default;

Result<Appended, AppendError> NatsLog::append(std::span<const Event> events) {
    trouble_.clear();
    if (const auto error = gather(events)) return *error;
    if (events.empty()) return Appended{};
    if (const auto error = unfit(follower_.health())) return *error;
    const auto line = connection_.line();
    if (!line) return refuse(AppendError::unavailable, connection_.health().sentence);
    if (const auto error = oversized(line->payload_max())) return *error;
    const Position end_before = follower_.end_known();
    const auto acks = publisher_.publish(
        *line, said_.size(),
        [this](std::size_t said, NatsLetter& into) { write(*said_[said], into); },
        settings_.append_wait);
    return judged(acks, end_before);
}

void NatsLog::write(const Event& event, NatsLetter& into) const {
    append_subject(into.subject, event, settings_.stream.cluster);
    append_token(into.message_id, event.id.value);
    append_encoded(into.text, event, settings_.stream.cluster);
}

std::string NatsLog::name_of(std::size_t said) const {
    return "event " + encode_token(said_[said]->id.value);
}

Result<Appended, AppendError> NatsLog::judged(std::span<const NatsAck> acks, Position end_before) {
    Position end = 0;
    for (std::size_t i = 0; i < acks.size(); ++i) {
        const NatsAck& ack = acks[i];
        if (ack.kind != NatsAck::Kind::stored || ack.stream != stream_) return failed(acks, i);
        if (!ack.is_duplicate && ack.position <= end_before) {
            follower_.stop_for({NatsState::went_back,
                                "stream " + stream_ + " took " + name_of(i) + " as its event " +
                                    std::to_string(ack.position) + ", but it had " +
                                    std::to_string(end_before) + " already: the server " +
                                    "lost its last events; " + what_to_do_when_back});
            return refuse(AppendError::refused, follower_.health().sentence);
        }
        end = std::max(end, ack.position);
    }
    follower_.acknowledged(end);
    {
        const std::lock_guard lock(full_mutex_);
        full_.clear();
    }
    Appended appended;
    appended.positions.reserve(said_as_.size());
    for (const std::size_t said : said_as_) appended.positions.push_back(acks[said].position);
    return appended;
}

/// Fills `said_`; an error when an event cannot be said at all, so that nothing of such a batch is.
std::optional<AppendError> NatsLog::gather(std::span<const Event> events) {
    const std::string& cluster = settings_.stream.cluster;
    said_.clear();
    said_as_.clear();
    boost::unordered_flat_map<std::string_view, std::size_t> known;
    known.reserve(events.size());
    for (const Event& event : events) {
        if (event.id.empty()) return refuse(AppendError::refused, "an event has no id");
        const auto [place, is_new] = known.try_emplace(event.id.value, said_.size());
        said_as_.push_back(place->second);
        if (!is_new) continue;
        if (is_larger(event, cluster, event_bytes_max))
            return refuse(AppendError::too_large,
                          "event " + event.id.value + " is larger than 1 MiB");
        if (has_larger_subject(event, cluster, subject_bytes_max))
            return refuse(AppendError::too_large, "event " + event.id.value +
                                                      " is about something whose name is larger " +
                                                      "than a NATS subject can be");
        said_.push_back(&event);
    }
    return {};
}

std::optional<AppendError> NatsLog::oversized(std::size_t payload_max) {
    for (std::size_t i = 0; i < said_.size(); ++i) {
        if (fits(*said_[i], settings_.stream.cluster, payload_max)) continue;
        return refuse(AppendError::too_large,
                      name_of(i) + " is larger than the NATS server takes (" +
                          std::to_string(payload_max) +
                          " bytes with headers); set max_payload: 2MB in its configuration");
    }
    return {};
}

/// Nothing is sent into a connection or a stream that is known not to take it.
std::optional<AppendError> NatsLog::unfit(const NatsHealth& health) {
    switch (health.state) {
        case NatsState::connected:
        case NatsState::stream_full: return {};
        case NatsState::connecting:
        case NatsState::reconnecting:
        case NatsState::silent: return refuse(AppendError::unavailable, health.sentence);
        case NatsState::bad_credentials:
        case NatsState::bad_tls:
        case NatsState::not_permitted:
        case NatsState::no_jetstream:
        case NatsState::stream_missing:
        case NatsState::stream_differs:
        case NatsState::gap:
        case NatsState::went_back:
        case NatsState::replaced: return refuse(AppendError::refused, health.sentence);
    }
    return {};
}

/// `at` is the first that was not stored; one refused after it says more than its silence.
AppendError NatsLog::failed(std::span<const NatsAck> acks, std::size_t at) {
    std::size_t told = at;
    while (told < acks.size() && acks[told].kind == NatsAck::Kind::none) ++told;
    while (told < acks.size() && acks[told].kind == NatsAck::Kind::stored) ++told;
    const NatsAck& ack = told < acks.size() ? acks[told] : acks[at];
    const std::string about = name_of(told < acks.size() ? told : at);
    if (publisher_.is_forbidden()) {
        return refuse(AppendError::refused, "the NATS server forbids us to say " + about + " (" +
                                                connection_.forbidden().last +
                                                "); permit publish on ringrift.>");
    }
    if (ack.kind == NatsAck::Kind::stored) {
        return refuse(AppendError::refused, about + " went to stream " + ack.stream +
                                                ", which takes the subjects of " + stream_ +
                                                "; delete or change that stream");
    }
    const AppendError error = append_error(ack);
    const std::string code = "JetStream error " + std::to_string(ack.code);
    switch (error) {
        case AppendError::full: {
            const std::string sentence = "the NATS server has no room for " + about + ": " +
                                         ack.description + " (" + code +
                                         "); free some on its disk or raise its limits";
            const std::lock_guard lock(full_mutex_);
            full_ = sentence;
            return refuse(error, sentence);
        }
        case AppendError::too_large:
        case AppendError::refused:
            return refuse(error, stream_ + " refuses " + about + ": " + ack.description + " (" +
                                     code + "); see the stream's configuration");
        case AppendError::unavailable: break;
    }
    std::string why = "no acknowledgement came";
    if (ack.kind == NatsAck::Kind::no_responders) why = "it is not there or has no leader now";
    if (ack.kind == NatsAck::Kind::refused) why = ack.description + " (" + code + ")";
    if (!connection_.is_on(publisher_.line())) why = "the connection was lost";
    follower_.doubt("stream " + stream_ + " did not take " + about + ": " + why +
                    "; is tried again");
    return refuse(error, "stream " + stream_ + " did not take " + about + ": " + why);
}

AppendError NatsLog::refuse(AppendError error, std::string sentence) {
    trouble_ = std::move(sentence);
    return error;
}

Result<Batch, ReadError> NatsLog::read(Position after, std::size_t count_max) {
    auto batch = follower_.read(after, count_max);
    trouble_ = follower_.trouble();
    return batch;
}

Result<Position, ReadError> NatsLog::last() {
    auto last = follower_.last();
    trouble_ = follower_.trouble();
    return last;
}

void NatsLog::on_news(std::function<void()> wake) {
    follower_.on_news(std::move(wake));
}

NatsHealth NatsLog::health() const {
    NatsHealth health = follower_.health();
    if (health.state != NatsState::connected) return health;
    const std::lock_guard lock(full_mutex_);
    if (full_.empty()) return health;
    return {NatsState::stream_full, full_};
}

std::optional<LogMark> NatsLog::mark() const {
    return follower_.mark();
}

bool NatsLog::wait_ready(Duration within) const {
    return follower_.wait_ready(within);
}

}  // namespace ringrift::bus
