#include "ops/nats/nats_ingest.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "ops/outside_request.hpp"

namespace ringrift::ops {
namespace {

namespace json = boost::json;

bus::Instant now() {
    return bus::Instant(
        std::chrono::floor<bus::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

std::string wall_clock_ms() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::floor<std::chrono::milliseconds>(time).count());
}

AdminReply busy() {
    return {.status = 503,
            .code = "busy",
            .sentence = "Too many events wait for the node already.",
            .hint = "Send it again in some seconds."};
}

}  // namespace

std::string answer_text(const AdminReply& reply) {
    json::object answer = {{"accepted", reply.accepted}};
    if (reply.accepted) {
        answer["position"] = reply.position;
        answer["sentence"] = reply.sentence;
        for (const auto& [name, value] : reply.details) answer[name] = value;
    } else {
        answer["code"] = reply.code;
        answer["error"] = reply.sentence;
        if (!reply.hint.empty()) answer["hint"] = reply.hint;
    }
    return json::serialize(answer);
}

NatsIngest::NatsIngest(bus::NatsConnection& connection, const std::string& cluster,
                       bus::Inbox<AdminRequest>& inbox)
    : inbox_(inbox),
      thread_([this](const std::stop_token& stop) { run(stop); }),
      door_(connection, cluster, [this](bus::Knock knock) { hear(std::move(knock)); }) {}

NatsIngest::~NatsIngest() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

/// On a thread of libnats.
void NatsIngest::hear(bus::Knock knock) {
    Guest guest = {.knock = std::move(knock), .came_at = now()};
    auto request = outside_request(guest.knock.text, guest.knock.name);
    if (request) {
        guest.request = *std::move(request);
        std::string& time = guest.request.parameters["time"];
        if (time.empty()) time = wall_clock_ms();
    } else {  // The node refuses and counts it.
        guest.request = {.action = "ingest", .parameters = {{"fault", request.error().sentence}}};
    }
    guest.request.actor = "nats ingest " + guest.knock.name;
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < waiting_max) {
        waiting_.push_back(std::move(guest));
    } else {
        ++turned_away_;
        verdicts_.push_back({.guest = std::move(guest), .reply = busy()});
        if (verdicts_.size() > waiting_max) verdicts_.pop_front();
    }
    changed_.notify_all();
}

void NatsIngest::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const bus::Instant at = now();
        const auto due = std::ranges::find_if(
            waiting_, [&](const Guest& guest) { return guest.not_before <= at; });
        if (!verdicts_.empty()) {
            Verdict verdict = std::move(verdicts_.front());
            verdicts_.pop_front();
            lock.unlock();
            conclude(std::move(verdict));
            lock.lock();
        } else if (due != waiting_.end() && at_node_ < at_node_max) {
            Guest guest = std::move(*due);
            waiting_.erase(due);
            ++at_node_;
            lock.unlock();
            bring(std::move(guest));
            lock.lock();
        } else if (const std::int64_t lost = std::exchange(turned_away_, 0); lost > 0) {
            lock.unlock();
            spdlog::error("[EVENT] {} events from outside were turned away: {} wait already", lost,
                          waiting_max);
            lock.lock();
        } else {
            changed_.wait_for(lock, stop, again_after,
                              [&] { return !verdicts_.empty() || !waiting_.empty(); });
            if (!waiting_.empty() && verdicts_.empty())
                changed_.wait_for(lock, stop, std::chrono::milliseconds(20),
                                  [&] { return !verdicts_.empty(); });
        }
    }
}

/// Puts it into the node's inbox; the verdict comes back on the node's thread.
void NatsIngest::bring(Guest guest) {
    AdminRequest request = guest.request;
    request.answer = [this, guest](AdminReply reply) {
        const std::lock_guard lock(mutex_);
        verdicts_.push_back({.guest = guest, .reply = std::move(reply)});
        --at_node_;
        changed_.notify_all();
    };
    if (inbox_.put(std::move(request))) return;
    const std::lock_guard lock(mutex_);
    --at_node_;
    verdicts_.push_back({.guest = std::move(guest), .reply = busy()});
}

void NatsIngest::conclude(Verdict verdict) {
    const bool may_help_to_wait =
        verdict.reply.status == 503 && now() - verdict.guest.came_at < patience;
    if (!verdict.reply.accepted && may_help_to_wait) {
        verdict.guest.not_before = now() + again_after;
        const std::lock_guard lock(mutex_);
        if (waiting_.size() < waiting_max) {
            waiting_.push_back(std::move(verdict.guest));
            return;
        }
    }
    if (!verdict.reply.accepted) {
        spdlog::warn("[EVENT] Refused from outside: {}: {}", verdict.guest.knock.name,
                     verdict.reply.sentence);
    }
    door_.answer(verdict.guest.knock, answer_text(verdict.reply));
}

}  // namespace ringrift::ops
