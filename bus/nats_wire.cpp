#include "bus/nats_wire.hpp"

#include <nats/nats.h>

#include <array>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "bus/nats_handles.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

/// Should a change of the line be missed, it is noticed so much later.
constexpr auto look_again = std::chrono::milliseconds(500);

std::string root_of(const std::string& cluster) {
    return "ringrift." + encode_token(cluster);
}

}  // namespace

std::string subject_of(const Letter& letter, const std::string& cluster) {
    if (letter.to.empty() && std::holds_alternative<NodeHeartbeat>(letter.message))
        return root_of(cluster) + ".telemetry." + encode_token(letter.from.value);
    return root_of(cluster) + ".wire." + encode_token(letter.to.value);
}

struct NatsWire::Core {
    Core(NatsConnection& link, std::string of, NodeId node)
        : connection(link), cluster(std::move(of)), self(std::move(node)) {
        connection.on_change(this, [this] {
            const std::lock_guard lock(mutex);
            changed.notify_all();
        });
        thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    ~Core() {
        connection.on_change(this, {});
        thread.request_stop();
        thread.join();
    }

    void run(const std::stop_token& stop);
    bool subscribe(std::list<NatsReceiver>& receivers);
    void receive(std::string_view text);

    NatsConnection& connection;
    const std::string cluster;
    const NodeId self;
    mutable std::mutex mutex;
    std::condition_variable_any changed;
    std::vector<Letter> waiting;  ///< Guarded by mutex, and so are these:
    WireCounts counts;
    std::function<void()> wake;
    std::uint64_t subscribed_on = 0;  ///< The line; 0 before the first.
    std::jthread thread;
};

void NatsWire::Core::receive(std::string_view text) {
    auto letter = decode_letter(text);
    std::function<void()> call;
    {
        const std::lock_guard lock(mutex);
        if (!letter) {
            const bool unknown = letter.error().why == NoLetter::Why::unknown_type;
            ++(unknown ? counts.unknown_type : counts.malformed);
            return;
        }
        if (letter->from == self) return;  // One's own letters to all.
        if (waiting.size() >= letters_waiting_max) {
            ++counts.overflowed;
            return;
        }
        ++counts.received;
        waiting.push_back(std::move(*letter));
        call = wake;
    }
    if (call) call();
}

bool NatsWire::Core::subscribe(std::list<NatsReceiver>& receivers) {
    const auto line = connection.line();
    if (!line) return false;
    const std::string root = root_of(cluster);
    const std::array<std::string, 3> subjects = {root + ".wire." + encode_token(self.value),
                                                 root + ".wire." + std::string(empty_token),
                                                 root + ".telemetry.*"};
    for (const std::string& subject : subjects) {
        receivers.emplace_back(line->connection(), subject,
                               [this](natsMsg* message) { receive(text_of(message)); });
        if (!receivers.back().good()) return false;
    }
    const std::lock_guard lock(mutex);
    subscribed_on = line->number();
    return true;
}

void NatsWire::Core::run(const std::stop_token& stop) {
    std::list<NatsReceiver> receivers;  // Of the present line.
    while (!stop.stop_requested()) {
        std::uint64_t on = 0;
        {
            const std::lock_guard lock(mutex);
            on = subscribed_on;
        }
        if (on == 0 || !connection.is_on(on)) {
            receivers.clear();
            if (!subscribe(receivers)) receivers.clear();
        }
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop, look_again, [] { return false; });
    }
}

NatsWire::NatsWire(NatsConnection& connection, std::string cluster, NodeId self)
    : core_(std::make_unique<Core>(connection, std::move(cluster), std::move(self))) {}

NatsWire::~NatsWire() = default;

void NatsWire::send(Letter letter) {
    letter.from = core_->self;
    const std::string text = encode(letter);
    bool sent = false;
    if (text.size() <= letter_bytes_max) {
        if (const auto line = core_->connection.line()) {
            const std::string subject = subject_of(letter, core_->cluster);
            sent = natsConnection_Publish(line->connection(), subject.c_str(), text.data(),
                                          static_cast<int>(text.size())) == NATS_OK;
        }
    }
    const std::lock_guard lock(core_->mutex);
    ++(sent ? core_->counts.sent : core_->counts.not_sent);
}

std::vector<Letter> NatsWire::take() {
    const std::lock_guard lock(core_->mutex);
    return std::exchange(core_->waiting, {});
}

void NatsWire::on_news(std::function<void()> wake) {
    const std::lock_guard lock(core_->mutex);
    core_->wake = std::move(wake);
}

bool NatsWire::connected() const {
    std::uint64_t on = 0;
    {
        const std::lock_guard lock(core_->mutex);
        on = core_->subscribed_on;
    }
    return on != 0 && core_->connection.is_on(on);
}

std::string NatsWire::trouble() const {
    return connected() ? std::string() : core_->connection.health().sentence;
}

WireCounts NatsWire::counts() const {
    const std::lock_guard lock(core_->mutex);
    return core_->counts;
}

}  // namespace ringrift::bus
