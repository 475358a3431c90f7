#include "bus/nats_follower.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <utility>

#include "bus/nats_pull.hpp"

namespace ringrift::bus {
namespace {

constexpr auto retry_pause = std::chrono::milliseconds(250);  // Between two looks at the stream.
constexpr auto suspicion_pause = std::chrono::seconds(1);
constexpr int suspicions_max = 6;  // A new leader may need seconds to know its own log.

}  // namespace

NatsFollower::NatsFollower(NatsConnection& connection, StreamPlan plan, std::optional<LogMark> mark,
                           FollowerLimits limits)
    : connection_(connection), limits_(limits), plan_(std::move(plan)) {
    health_ = {NatsState::connecting, "connecting to " + connection.servers_text()};
    if (mark) {
        began_ = mark->began;
        end_ = after_ = fetched_ = mark->position;
        anchor_ = {mark->position, mark->event};
        given_ = anchor_;
        plan_.may_create = false;
    }
    connection_.on_change(this, [this] {
        const std::lock_guard lock(mutex_);
        ++stirs_;
        changed_.notify_all();
    });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

NatsFollower::~NatsFollower() {
    connection_.on_change(this, {});
}

// ---- the node's thread ----

Result<Batch, ReadError> NatsFollower::read(Position after, std::size_t count_max) {
    trouble_.clear();
    std::unique_lock lock(mutex_);
    if (is_final(health_.state)) return trouble_ = health_.sentence, ReadError::damaged;
    if (count_max == 0) return Batch{};
    if (after != after_ || after_ > end_) seek(after);  // By now the log may have come so far.
    awaited_ = count_max;
    changed_.wait_for(lock, limits_.read_wait,
                      [&] { return has_enough(count_max) || !is_ready(); });
    awaited_ = 0;
    if (!buffer_.empty()) return give(count_max);
    if (is_final(health_.state)) return trouble_ = health_.sentence, ReadError::damaged;
    if (!is_ready()) {
        trouble_ = health_.state == NatsState::connected ? connection_.health().sentence
                                                         : health_.sentence;
        return ReadError::unavailable;
    }
    if (seeks_answered_ != seeks_ || after_ < end_) {
        trouble_ = "event " + std::to_string(after_ + 1) +
                   " has not come from NATS yet; is asked for again";
        return ReadError::unavailable;
    }
    if (after_ > end_) {
        trouble_ = "the log ends at event " + std::to_string(end_) + ", before event " +
                   std::to_string(after_) + " that was read from it";
        return ReadError::damaged;
    }
    waits_ = true;
    return Batch{};
}

/// Whether all that exists and was asked for is at hand, or as much as the buffer is filled with.
bool NatsFollower::has_enough(std::size_t count_max) const {
    if (buffer_.size() >= std::min(count_max, limits_.events_max / 4)) return true;
    if (buffer_bytes_ >= limits_.bytes_max / 4) return true;
    return seeks_answered_ == seeks_ && after_ + buffer_.size() >= end_;
}

Batch NatsFollower::give(std::size_t count_max) {
    Batch batch;
    const std::size_t count = std::min(count_max, buffer_.size());
    batch.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        buffer_bytes_ -= buffer_.front().bytes;
        batch.push_back(std::move(buffer_.front().recorded));
        buffer_.pop_front();
    }
    after_ += count;
    given_ = {after_, batch.back().event.id};
    waits_ = true;
    changed_.notify_all();
    return batch;
}

void NatsFollower::seek(Position after) {
    buffer_.clear();
    buffer_bytes_ = 0;
    after_ = fetched_ = after;
    ++seeks_;
    ++stirs_;
    changed_.notify_all();
}

Result<Position, ReadError> NatsFollower::last() {
    trouble_.clear();
    const std::lock_guard lock(mutex_);
    if (is_ready()) return end_;
    trouble_ = health_.sentence;
    return is_final(health_.state) ? ReadError::damaged : ReadError::unavailable;
}

Position NatsFollower::end_known() const {
    const std::lock_guard lock(mutex_);
    return end_;
}

void NatsFollower::acknowledged(Position position) {
    const std::lock_guard lock(mutex_);
    end_ = std::max(end_, position);
}

void NatsFollower::doubt(std::string sentence) {
    const std::lock_guard lock(mutex_);
    if (is_final(health_.state)) return;
    is_doubted_ = true;
    set({NatsState::silent, std::move(sentence)});
}

void NatsFollower::stop_for(NatsHealth health) {
    become(std::move(health));
}

// ---- any thread ----

void NatsFollower::on_news(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    waits_ = true;
    if (!buffer_.empty()) tell_news();
}

NatsHealth NatsFollower::health() const {
    NatsHealth connection = connection_.health();
    const std::lock_guard lock(mutex_);
    if (is_final(health_.state) || connection.state == NatsState::connected) return health_;
    return connection;
}

std::optional<LogMark> NatsFollower::mark() const {
    const std::lock_guard lock(mutex_);
    if (began_.empty()) return {};
    if (!given_) return LogMark{.began = began_};
    return LogMark{.began = began_, .position = given_->position, .event = given_->id};
}

bool NatsFollower::wait_ready(Duration within) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return is_ready(); });
}

bool NatsFollower::is_ready() const {
    return health_.state == NatsState::connected && connection_.is_on(line_);
}

void NatsFollower::set(NatsHealth health) {
    health_ = std::move(health);
    if (is_final(health_.state)) tell_news();  // Whoever reads now learns why there is no more.
    ++stirs_;
    changed_.notify_all();
}

void NatsFollower::become(NatsHealth health) {
    const std::lock_guard lock(mutex_);
    if (!is_final(health_.state)) set(std::move(health));
}

void NatsFollower::tell_news() {
    if (wake_ && std::exchange(waits_, false)) wake_();
}

// ---- the follower's thread ----

void NatsFollower::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            if (is_final(health_.state)) {
                changed_.wait(lock, stop, [] { return false; });
                continue;
            }
        }
        auto line = connection_.line();
        jsCtx* raw = nullptr;
        if (!line || natsConnection_JetStream(&raw, line->connection(), nullptr) != NATS_OK) {
            pause(stop, retry_pause);
            continue;
        }
        const JetStream jetstream(raw);
        if (prepare(*line, raw)) follow(*line, raw, stop);
        line.reset();
        pause(stop, behind_ > 0 ? suspicion_pause : retry_pause);
    }
    nats_ReleaseThreadMemory();
}

/// Until `time` has passed or something stirs.
void NatsFollower::pause(const std::stop_token& stop, Duration time) {
    std::unique_lock lock(mutex_);
    const std::uint64_t before = stirs_;
    changed_.wait_for(lock, stop, time, [&] { return stirs_ != before; });
}

bool NatsFollower::prepare(const NatsLine& line, jsCtx* jetstream) {
    {
        const std::lock_guard lock(mutex_);
        is_doubted_ = false;
    }
    const std::uint64_t forbidden_before = connection_.forbidden().count;
    const auto facts = verify_stream(line.connection(), jetstream, plan_);
    if (!facts) {
        become(explained(facts.error(), forbidden_before));
        return false;
    }
    accept(*facts, line.number());
    const std::lock_guard lock(mutex_);
    return is_ready();
}

/// A forbidden request looks like one that nobody answers.
NatsHealth NatsFollower::explained(NatsHealth failed, std::uint64_t forbidden_before) const {
    const auto forbidden = connection_.forbidden();
    if (failed.state != NatsState::silent || forbidden.count == forbidden_before) return failed;
    return {NatsState::not_permitted,
            "the NATS server forbids what a log needs (" + forbidden.last +
                "); permit publish on ringrift.> and $JS.API.>, and subscribe on _INBOX.>"};
}

void NatsFollower::accept(const StreamFacts& facts, std::uint64_t line) {
    const std::string name = stream_name(plan_.cluster);
    const std::lock_guard lock(mutex_);
    if (is_final(health_.state)) return;
    const bool is_told = !facts.began.empty();
    if (is_told && !began_.empty() && began_ != facts.began) {
        set({NatsState::replaced, "stream " + name + " began at " + facts.began +
                                      ", but this node knows the one that began at " + began_ +
                                      ": the store was wiped or replaced; restore it, or begin " +
                                      "anew with an empty data directory on every node"});
        return;
    }
    if (facts.end < end_) {
        const std::string lost = "stream " + name + " ends at event " + std::to_string(facts.end) +
                                 ", but event " + std::to_string(end_) + " was in it";
        if (++behind_ < suspicions_max)
            set({NatsState::silent, lost + "; is asked again"});
        else
            set({NatsState::went_back,
                 lost + ": the server lost its last events; " + what_to_do_when_back});
        return;
    }
    behind_ = 0;
    plan_.may_create = false;  // It was there: should it be missing one day, that is a loss.
    if (is_told) began_ = facts.began;
    end_ = facts.end;
    line_ = line;
    if (!is_doubted_)
        set({NatsState::connected, "stream " + name + ", " + connection_.health().sentence});
}

/// Until the line is lost, the stream is doubted, or it does not answer.
void NatsFollower::follow(const NatsLine& line, jsCtx* jetstream, const std::stop_token& stop) {
    while (!stop.stop_requested() && answer_seek(line, stop)) {
        Pull pull;
        const std::uint64_t forbidden_before = connection_.forbidden().count;
        if (!make_consumer(pull, line, jetstream)) {
            const NatsHealth failed = {
                NatsState::silent, "stream " + stream_name(plan_.cluster) +
                                       " lets nobody read; is tried again: see whether a majority "
                                       "of its servers runs"};
            become(explained(failed, forbidden_before));
            return;
        }
        Next next = Next::go_on;
        while (next == Next::go_on && !stop.stop_requested()) next = fetch(pull, line, stop);
        pull.receiver.reset();
        if (pull.broken) {
            suspect(*pull.broken, stop);
            return;
        }
        if (pull.received > 0) broken_ = 0;
        if (next == Next::verify_anew) return;
    }
}

/// Where the reader has jumped to may be beyond what is known of the end: asks the stream's leader.
/// False when the stream should be verified anew.
bool NatsFollower::answer_seek(const NatsLine& line, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        if (is_doubted_ || !is_ready() || stop.stop_requested()) return false;
        const std::uint64_t seek = seeks_;
        if (after_ > end_) {
            lock.unlock();
            auto end = end_of_stream(line.connection(), plan_);
            lock.lock();
            if (!end) return set(end.error()), false;
            end_ = std::max(end_, *end);
        }
        if (seek != seeks_) continue;
        seeks_answered_ = seek;
        changed_.notify_all();
        if (after_ <= end_) return true;
        // Nothing to read there: rest until the reader goes elsewhere or the log comes so far.
        const std::uint64_t before = stirs_;
        changed_.wait(lock, stop, [&] { return stirs_ != before; });
    }
}

void NatsFollower::suspect(const NatsHealth& health, const std::stop_token& stop) {
    if (++broken_ < suspicions_max) {
        become({NatsState::silent, health.sentence + "; is asked again"});
        pause(stop, suspicion_pause);
        return;
    }
    become({health.state, health.sentence +
                              ": its store is damaged; restore it from a backup, or " +
                              "begin anew with an empty data directory on every node"});
}

}  // namespace ringrift::bus
