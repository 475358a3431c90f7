#include "bus/nats_door.hpp"

#include <nats/nats.h>

#include <algorithm>

#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr int answer_wait_ms = 1000;
constexpr auto idle_look = std::chrono::seconds(1);  // At the connection, should a word be missed.

}  // namespace

NatsDoor::NatsDoor(NatsConnection& connection, const std::string& cluster,
                   std::function<void(Knock)> hear)
    : connection_(connection),
      start_("ringrift." + encode_token(cluster) + ".ingest."),
      hear_(std::move(hear)) {
    connection_.on_change(this, [this] {
        const std::lock_guard lock(mutex_);
        ++stirs_;
        changed_.notify_all();
    });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

NatsDoor::~NatsDoor() {
    connection_.on_change(this, {});
}

void NatsDoor::answer(const Knock& knock, const std::string& text) const {
    if (knock.answer_to.empty()) return;
    const auto line = connection_.line();
    if (!line) return;
    natsConnection_Publish(line->connection(), knock.answer_to.c_str(), text.data(),
                           static_cast<int>(text.size()));
}

bool NatsDoor::is_open() const {
    const std::lock_guard lock(mutex_);
    return line_ != 0 && connection_.is_on(line_);
}

void NatsDoor::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto line = connection_.line();
        std::uint64_t listened = 0;
        std::uint64_t before = 0;
        {
            const std::lock_guard lock(mutex_);
            listened = line_;
            before = stirs_;
        }
        if (line && line->number() != listened) listen(*line);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, idle_look, [&] { return stirs_ != before; });
    }
    receiver_.reset();
    nats_ReleaseThreadMemory();
}

bool NatsDoor::listen(const NatsLine& line) {
    receiver_.reset();
    receiver_ = std::make_unique<NatsReceiver>(
        line.connection(), start_ + ">",
        [this](natsMsg* message) {
            const std::string_view subject = natsMsg_GetSubject(message);
            std::string name = decode_token(subject.substr(start_.size())).value_or("");
            std::ranges::replace(name, '.', '_');
            const char* reply = natsMsg_GetReply(message);
            hear_({.name = std::move(name),
                   .text = std::string(text_of(message)),
                   .answer_to = reply == nullptr ? "" : reply});
        },
        door_group);
    const bool good = receiver_->good() &&
                      natsConnection_FlushTimeout(line.connection(), answer_wait_ms) == NATS_OK;
    const std::lock_guard lock(mutex_);
    line_ = good ? line.number() : 0;
    return good;
}

}  // namespace ringrift::bus
