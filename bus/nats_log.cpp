#include "bus/nats_log.hpp"

#include <unordered_map>

#include "bus/codec.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr std::size_t subject_bytes_max = 3000;  // A line of the NATS protocol has 4096.

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
    if (const auto error = write_letters(events)) return *error;
    if (events.empty()) return Appended{};
    if (const auto error = unfit(follower_.health())) return *error;
    const auto line = connection_.line();
    if (!line) return refuse(AppendError::unavailable, connection_.health().sentence);
    if (const auto error = oversized(line->payload_max())) return *error;
    const Position end_before = follower_.end_known();
    const auto acks = publisher_.publish(*line, letters_, settings_.append_wait);
    return judged(acks, end_before);
}

std::optional<AppendError> NatsLog::oversized(std::size_t payload_max) {
    for (const NatsLetter& letter : letters_) {
        if (NatsPublisher::payload_bytes(letter) <= payload_max) continue;
        return refuse(AppendError::too_large,
                      "event " + letter.message_id + " is larger than the NATS server takes (" +
                          std::to_string(payload_max) +
                          " bytes with headers); set max_payload: 2MB in its configuration");
    }
    return {};
}

Result<Appended, AppendError> NatsLog::judged(std::span<const NatsAck> acks, Position end_before) {
    Position end = 0;
    for (std::size_t i = 0; i < acks.size(); ++i) {
        const NatsAck& ack = acks[i];
        if (ack.kind != NatsAck::Kind::stored || ack.stream != stream_) return failed(acks, i);
        if (!ack.is_duplicate && ack.position <= end_before) {
            follower_.stop_for({NatsState::went_back,
                                "stream " + stream_ + " took event " + letters_[i].message_id +
                                    " as its event " + std::to_string(ack.position) + ", but it " +
                                    "had " + std::to_string(end_before) + " already: the server " +
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
    appended.positions.reserve(letter_of_.size());
    for (const std::size_t letter : letter_of_) appended.positions.push_back(acks[letter].position);
    return appended;
}

/// Fills `letters_`; an error when an event cannot be said at all.
std::optional<AppendError> NatsLog::write_letters(std::span<const Event> events) {
    letters_.clear();
    letter_of_.clear();
    std::unordered_map<std::string_view, std::size_t> known;
    for (const Event& event : events) {
        if (event.id.empty()) return refuse(AppendError::refused, "an event has no id");
        const auto [place, is_new] = known.try_emplace(event.id.value, letters_.size());
        letter_of_.push_back(place->second);
        if (!is_new) continue;
        NatsLetter letter = {.subject = subject_of(event, settings_.stream.cluster),
                             .message_id = encode_token(event.id.value),
                             .text = encode(event, settings_.stream.cluster)};
        if (letter.text.size() > event_bytes_max)
            return refuse(AppendError::too_large,
                          "event " + event.id.value + " is larger than 1 MiB");
        if (letter.subject.size() > subject_bytes_max)
            return refuse(AppendError::too_large, "event " + event.id.value +
                                                      " is about something whose name is larger " +
                                                      "than a NATS subject can be");
        letters_.push_back(std::move(letter));
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

/// `at` is the first letter that was not stored; one refused after it says more than its silence.
AppendError NatsLog::failed(std::span<const NatsAck> acks, std::size_t at) {
    std::size_t told = at;
    while (told < acks.size() && acks[told].kind == NatsAck::Kind::none) ++told;
    while (told < acks.size() && acks[told].kind == NatsAck::Kind::stored) ++told;
    const NatsAck& ack = told < acks.size() ? acks[told] : acks[at];
    const std::string about = "event " + letters_[told < acks.size() ? told : at].message_id;
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
