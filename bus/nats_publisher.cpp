#include "bus/nats_publisher.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <charconv>

#include "bus/json_text.hpp"

namespace ringrift::bus {
namespace {

constexpr const char* id_header = "Nats-Msg-Id";
constexpr std::size_t look_each = 64;  // Messages between two looks at the answers.
constexpr auto forbidden_grace = std::chrono::milliseconds(50);  // For answers under way.

/// The number after the last dot but `back`, or nothing.
std::optional<std::uint64_t> number_at_end(std::string_view& subject) {
    const std::size_t dot = subject.rfind('.');
    if (dot == std::string_view::npos) return {};
    std::uint64_t number = 0;
    const char* end = subject.data() + subject.size();
    const auto [rest, error] = std::from_chars(subject.data() + dot + 1, end, number);
    if (error != std::errc() || rest != end) return {};
    subject.remove_suffix(subject.size() - dot);
    return number;
}

}  // namespace

/// What the thread of libnats fills and the thread that appends awaits.
struct NatsPublisher::Answers {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t batch = 0;    ///< Guarded by mutex, all of these. Counts calls.
    std::vector<NatsAck> acks;  ///< One for each letter.
    std::size_t answered = 0;
    std::size_t wake_at = 0;    ///< Wake the waiting when so many are answered.
    bool is_refused = false;    ///< An answer was not `stored`.
    bool is_disturbed = false;  ///< The line changed or something was forbidden.

    void begin(std::size_t count) {
        const std::lock_guard lock(mutex);
        ++batch;
        acks.assign(count, {});
        answered = 0;
        is_refused = is_disturbed = false;
    }

    void take(natsMsg* message) {
        std::string_view subject = natsMsg_GetSubject(message);
        const auto index = number_at_end(subject);
        const auto of_batch = index ? number_at_end(subject) : index;
        if (!of_batch) return;
        NatsAck ack = read_ack(text_of(message), status_of(message));
        const std::lock_guard lock(mutex);
        if (*of_batch != batch || *index >= acks.size()) return;  // Of a batch given up.
        NatsAck& place = acks[*index];
        if (place.kind != NatsAck::Kind::none) return;
        is_refused = is_refused || ack.kind != NatsAck::Kind::stored;
        place = std::move(ack);
        if (++answered >= wake_at || is_refused) changed.notify_one();
    }
};

NatsPublisher::NatsPublisher(NatsConnection& connection)
    : connection_(connection), answers_(std::make_unique<Answers>()) {
    connection_.on_change(this, [answers = answers_.get()] {
        const std::lock_guard lock(answers->mutex);
        answers->is_disturbed = true;
        answers->changed.notify_one();
    });
}

NatsPublisher::~NatsPublisher() {
    connection_.on_change(this, {});
}

std::vector<NatsAck> NatsPublisher::publish(const NatsLine& line, std::size_t count,
                                            const Write& write, Duration wait) {
    answers_->begin(count);
    forbidden_before_ = connection_.forbidden().count;
    sent_ = 0;
    is_forbidden_ = false;
    std::size_t bytes = 0;
    bool goes_on = ready_on(line);
    std::string reply = inbox_ + "." + std::to_string(answers_->batch) + ".";
    const std::size_t prefix = reply.size();
    for (std::size_t i = 0; goes_on && i < count; ++i) {
        reply.resize(prefix);
        append_json_unsigned(reply, i);
        goes_on = send(line, written(i, write), reply);
        bytes += letter_.text.size();
        const bool is_much = bytes >= in_flight_bytes_max;
        if (goes_on && (is_much || (i + 1) % look_each == 0)) {
            goes_on = wait_until(is_much ? 0 : in_flight_max - look_each, wait, write);
            if (is_much) bytes = 0;
        }
    }
    // What libnats still holds of a small batch goes out now, not in a millisecond; of a large one
    // most is on its way, and to wait twice would cost more.
    if (goes_on && count < look_each)
        goes_on = natsConnection_FlushTimeout(line.connection(), wait.count()) == NATS_OK;
    if (goes_on) goes_on = wait_until(0, wait, write);
    std::unique_lock lock(answers_->mutex);
    if (!goes_on && is_forbidden_) {
        answers_->changed.wait_for(lock, forbidden_grace,
                                   [&] { return answers_->answered >= sent_; });
    }
    ++answers_->batch;  // What comes later belongs to nobody.
    return std::move(answers_->acks);
}

bool NatsPublisher::ready_on(const NatsLine& line) {
    if (receiver_ && line_ == line.number()) return true;
    receiver_.reset();
    inbox_ = new_inbox();
    receiver_ = std::make_unique<NatsReceiver>(
        line.connection(), inbox_ + ".>",
        [answers = answers_.get()](natsMsg* message) { answers->take(message); });
    line_ = line.number();
    if (!receiver_->good()) receiver_.reset();
    return receiver_ != nullptr;
}

std::size_t NatsPublisher::header_bytes(std::size_t id_bytes) {
    constexpr std::string_view lines = "NATS/1.0\r\n: \r\n\r\n";
    constexpr std::size_t name = std::string_view(id_header).size();
    return lines.size() + name + id_bytes;
}

const NatsLetter& NatsPublisher::written(std::size_t index, const Write& write) {
    letter_.subject.clear();
    letter_.message_id.clear();
    letter_.text.clear();
    write(index, letter_);
    return letter_;
}

bool NatsPublisher::send(const NatsLine& line, const NatsLetter& letter, const std::string& reply) {
    natsMsg* raw = nullptr;
    if (natsMsg_Create(&raw, letter.subject.c_str(), reply.c_str(), letter.text.data(),
                       static_cast<int>(letter.text.size())) != NATS_OK)
        return false;
    const NatsMessage message(raw);
    // No other header: each costs a tenth of the rate, and what one would say is in the text.
    if (natsMsgHeader_Set(raw, id_header, letter.message_id.c_str()) != NATS_OK) return false;
    if (natsConnection_PublishMsg(line.connection(), raw) != NATS_OK) return false;
    ++sent_;
    return true;
}

bool NatsPublisher::wait_until(std::size_t open_max, Duration wait, const Write& write) {
    // Woken when half of them are answered, so that two threads do not hand over each one.
    const std::size_t low = open_max / 2;
    std::unique_lock lock(answers_->mutex);
    Answers& answers = *answers_;
    if (!answers.is_refused && sent_ - answers.answered <= open_max) return true;
    while (true) {
        answers.wake_at = sent_ - low;
        const bool in_time = answers.changed.wait_for(lock, wait, [&] {
            return answers.is_refused || answers.is_disturbed || sent_ - answers.answered <= low;
        });
        answers.wake_at = 0;
        if (sent_ - answers.answered <= low) return !answers.is_refused;
        if (!in_time || answers.is_refused) return false;
        answers.is_disturbed = false;
        lock.unlock();
        if (is_line_lost_or_subject_forbidden(write)) return false;
        lock.lock();
    }
}

bool NatsPublisher::is_line_lost_or_subject_forbidden(const Write& write) {
    const NatsConnection::Forbidden forbidden = connection_.forbidden();
    if (forbidden.count != forbidden_before_) {
        for (std::size_t i = 0; i < sent_; ++i) {
            if (forbidden.last.find(written(i, write).subject) == std::string::npos) continue;
            is_forbidden_ = true;
            return true;
        }
    }
    return !connection_.is_on(line_);
}

}  // namespace ringrift::bus
