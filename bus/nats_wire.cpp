#include "bus/nats_wire.hpp"

#include <nats/nats.h>

#include <utility>

#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr std::string_view everybody = "_all";
constexpr int flush_wait_ms = 1000;
constexpr auto idle_look = std::chrono::seconds(1);  // At the connection, should a word be missed.

std::string branch(const std::string& cluster, std::string_view kind) {
    return "ringrift." + encode_token(cluster) + "." + std::string(kind) + ".";
}

}  // namespace

NatsWire::NatsWire(NatsConnection& connection, NatsWireSettings settings)
    : connection_(connection), settings_(std::move(settings)) {
    connection_.on_change(this, [this] {
        const std::lock_guard lock(mutex_);
        ++stirs_;
        changed_.notify_all();
    });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

NatsWire::~NatsWire() {
    connection_.on_change(this, {});
}

void NatsWire::send(Letter letter) {
    letter.from = settings_.self;
    Going going = {.subject = subject_for(letter), .text = encode(letter)};
    const std::lock_guard lock(mutex_);
    const bool fits = going.text.size() <= letter_bytes_max &&
                      going_.size() < settings_.letters_waiting_max &&
                      going_bytes_ + going.text.size() <= settings_.bytes_going_max;
    if (!fits || line_ == 0 || !connection_.is_on(line_)) {
        ++counts_.not_sent;
        return;
    }
    going.line = line_;
    going_bytes_ += going.text.size();
    going_.push_back(std::move(going));
    changed_.notify_all();
}

std::string NatsWire::subject_for(const Letter& letter) const {
    if (!letter.to.empty())
        return branch(settings_.cluster, "wire") + encode_token(letter.to.value);
    if (settings_.is_telemetry && settings_.is_telemetry(letter.message))
        return branch(settings_.cluster, "telemetry") + encode_token(settings_.self.value);
    return branch(settings_.cluster, "wire") + std::string(everybody);
}

std::vector<Letter> NatsWire::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(arrived_, {});
}

void NatsWire::on_news(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
}

bool NatsWire::connected() const {
    const std::lock_guard lock(mutex_);
    return line_ != 0 && connection_.is_on(line_);
}

std::string NatsWire::trouble() const {
    if (connected()) return {};
    const NatsHealth health = connection_.health();
    if (health.state != NatsState::connected) return health.sentence;
    return "this node's letters are not subscribed to yet on " + connection_.servers_text();
}

WireCounts NatsWire::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

// ---- the sending thread ----

void NatsWire::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::deque<Going> going;
        std::uint64_t listened = 0;
        {
            std::unique_lock lock(mutex_);
            const std::uint64_t before = stirs_;
            const bool is_up = line_ != 0 && connection_.is_on(line_);
            if (is_up || connection_.health().state != NatsState::connected) {
                changed_.wait_for(lock, stop, idle_look,
                                  [&] { return stirs_ != before || !going_.empty(); });
            }
            going.swap(going_);
            going_bytes_ = 0;
            listened = line_;
        }
        const auto line = connection_.line();
        if (!line) {
            drop(going.size());
            continue;
        }
        if (line->number() != listened && !listen(*line)) {
            drop(going.size());
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, idle_look, [] { return false; });
            continue;
        }
        if (!going.empty()) send_all(*line, going);
    }
    receivers_.clear();
    nats_ReleaseThreadMemory();
}

bool NatsWire::listen(const NatsLine& line) {
    {
        const std::lock_guard lock(mutex_);
        line_ = 0;
    }
    receivers_.clear();
    const std::string wire = branch(settings_.cluster, "wire");
    std::vector<std::string> subjects = {wire + encode_token(settings_.self.value),
                                         wire + std::string(everybody)};
    if (settings_.hears_telemetry) subjects.push_back(branch(settings_.cluster, "telemetry") + "*");
    for (const std::string& subject : subjects) {
        receivers_.push_back(std::make_unique<NatsReceiver>(
            line.connection(), subject, [this](natsMsg* message) { take_in(message); }));
        if (!receivers_.back()->good()) return false;
    }
    // Only when the server has heard of them would an answer to what we send arrive.
    if (natsConnection_FlushTimeout(line.connection(), flush_wait_ms) != NATS_OK) return false;
    const std::lock_guard lock(mutex_);
    line_ = line.number();
    return true;
}

void NatsWire::send_all(const NatsLine& line, const std::deque<Going>& going) {
    std::size_t sent = 0;
    for (const Going& letter : going) {
        if (letter.line != line.number()) continue;
        if (natsConnection_Publish(line.connection(), letter.subject.c_str(), letter.text.data(),
                                   static_cast<int>(letter.text.size())) != NATS_OK)
            break;
        ++sent;
    }
    const bool flushed = natsConnection_FlushTimeout(line.connection(), flush_wait_ms) == NATS_OK;
    const std::lock_guard lock(mutex_);
    counts_.sent += static_cast<std::int64_t>(sent);
    counts_.not_sent += static_cast<std::int64_t>(going.size() - sent);
    // A server that does not answer: no more is put in its way until it is up on some line again.
    if (!flushed) line_ = 0;
}

void NatsWire::drop(std::size_t count) {
    const std::lock_guard lock(mutex_);
    counts_.not_sent += static_cast<std::int64_t>(count);
}

// ---- a thread of libnats ----

void NatsWire::take_in(natsMsg* message) {
    auto letter = decode_letter(text_of(message));
    const std::lock_guard lock(mutex_);
    if (!letter) {
        const bool unknown = letter.error().why == NoLetter::Why::unknown_type;
        ++(unknown ? counts_.unknown_type : counts_.malformed);
        return;
    }
    if (letter->from == settings_.self) return;  // Our own, to all.
    if (!letter->to.empty() && letter->to != settings_.self) {
        ++counts_.malformed;
        return;
    }
    if (arrived_.size() >= settings_.letters_waiting_max) {
        ++counts_.overflowed;
        return;
    }
    ++counts_.received;
    arrived_.push_back(std::move(*letter));
    if (wake_) wake_();
}

}  // namespace ringrift::bus
