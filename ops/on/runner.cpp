#include "ops/on/runner.hpp"

#include <algorithm>

#include "ops/on/event_environment.hpp"
#include "ops/quantities.hpp"

namespace ringrift::ops::on {
namespace {

constexpr bus::Duration look_for = std::chrono::milliseconds(500);
constexpr bus::Duration slice = std::chrono::seconds(1);  // "still at it" during a pause.
constexpr bus::Duration park_again_after = std::chrono::seconds(2);

std::string named(const FedEvent& event) {
    return "event " + std::to_string(event.position) + " " + head_of(event.text).type;
}

}  // namespace

bus::Duration pause_before_next(const RunnerSettings& settings, std::int64_t attempts) {
    const std::int64_t doublings = std::clamp<std::int64_t>(attempts - 1, 0, 30);
    return std::min(settings.pause_max, settings.pause * (std::int64_t(1) << doublings));
}

Exit Runner::run() {
    std::string said;
    while (!ports_.stopping()) {
        const auto next = ports_.feed.next(look_for);
        if (!next) return next.error();
        const std::string trouble = ports_.feed.trouble();
        if (trouble != said) {
            ports_.say(trouble.empty() ? "the log answers again" : "waiting: " + trouble);
            said = trouble;
        }
        if (!*next) continue;
        if (const auto exit = work_on(**next)) return *exit;
    }
    return {ExitCode::ok, {}};
}

/// Until it is done, parked or given back.
std::optional<Exit> Runner::work_on(const FedEvent& event) {
    const EventHead head = head_of(event.text);
    const bool wants_all = settings_.types.names.empty();
    const bool is_ours = wants_all || (!head.is_parked && settings_.types.fit(head.type));
    if (!is_ours || event.position == finished_) {
        finish(event);
        return {};
    }
    for (std::int64_t attempts = event.failed;;) {
        if (ports_.stopping()) return ports_.feed.give_back(event), std::nullopt;
        const CommandOutcome outcome = attempt(event, attempts + 1);
        switch (outcome.kind) {
            case CommandOutcome::Kind::done: finish(event); return {};
            case CommandOutcome::Kind::stopped: ports_.feed.give_back(event); return {};
            case CommandOutcome::Kind::cannot_start:
                ports_.feed.give_back(event);
                return Exit{ExitCode::usage, outcome.why + "; " + named(event) + " waits"};
            case CommandOutcome::Kind::failed: break;
        }
        ports_.feed.note_failed(event, ++attempts);
        if (attempts >= settings_.attempts_max) {
            if (park(event, attempts, outcome)) finish(event);
            return {};
        }
        ports_.say(named(event) + ": attempt " + std::to_string(attempts) + " of " +
                   std::to_string(settings_.attempts_max) + " failed: " + outcome.why +
                   "; again in " + to_text(pause_before_next(settings_, attempts)));
        if (!pause_after(event, attempts)) return ports_.feed.give_back(event), std::nullopt;
    }
}

CommandOutcome Runner::attempt(const FedEvent& event, std::int64_t number) {
    Environment environment = settings_.environment;
    environment.merge(environment_of(event, number));
    bus::Time said = ports_.now();
    return ports_.run(event.text, environment, [&] {
        const bus::Time now = ports_.now();
        if (now - said >= slice || now < said) {
            ports_.feed.still_at_it(event);
            said = now;
        }
        return ports_.stopping();
    });
}

/// False when told to stop meanwhile.
bool Runner::pause_after(const FedEvent& event, std::int64_t attempts) {
    bus::Duration left = pause_before_next(settings_, attempts);
    while (left > bus::Duration::zero() && !ports_.stopping()) {
        const bus::Duration part = std::min(left, slice);
        ports_.wait(part);
        ports_.feed.still_at_it(event);
        left -= part;
    }
    return !ports_.stopping();
}

/// Tries until it is kept, since it would be lost otherwise. False when told to stop before.
bool Runner::park(const FedEvent& event, std::int64_t attempts, const CommandOutcome& outcome) {
    const EventHead head = head_of(event.text);
    const ParkedEvent parked = {.name = settings_.name,
                                .position = event.position,
                                .type = head.type,
                                .about = head.about,
                                .attempts = attempts,
                                .parked_at = ports_.now(),
                                .why = outcome.why,
                                .output = outcome.output,
                                .event = event.text};
    while (true) {
        const auto kept = ports_.feed.park(parked);
        if (kept) break;
        ports_.say(named(event) + " cannot be parked: " + kept.error());
        if (ports_.stopping()) return ports_.feed.give_back(event), false;
        ports_.wait(park_again_after);
        ports_.feed.still_at_it(event);
    }
    ports_.say(named(event) + " is parked after " + std::to_string(attempts) +
               " attempts: " + outcome.why + "; see ringrift on --parked --name " + settings_.name);
    return true;
}

void Runner::finish(const FedEvent& event) {
    finished_ = event.position;
    if (ports_.feed.done(event)) return;
    ports_.say(named(event) + " is done, but that could not be kept; it may come once more");
}

Runner::Redriven Runner::redrive(const std::vector<ParkedEvent>& events) {
    Redriven result;
    for (const ParkedEvent& parked : events) {
        if (ports_.stopping()) return result;
        const FedEvent event = {.position = parked.position, .text = parked.event};
        const CommandOutcome outcome = attempt(event, parked.attempts + 1);
        if (outcome.kind == CommandOutcome::Kind::stopped) return result;
        if (outcome.kind == CommandOutcome::Kind::cannot_start) {
            result.exit = Exit{ExitCode::usage, outcome.why + "; all stay parked"};
            return result;
        }
        const bool good = outcome.kind == CommandOutcome::Kind::done;
        ParkedEvent again = parked;
        again.attempts += 1;
        again.parked_at = ports_.now();
        again.why = outcome.why;
        again.output = outcome.output;
        const auto kept = good ? ports_.feed.unpark(parked.position) : ports_.feed.park(again);
        ++(good ? result.done : result.failed);
        ports_.say(named(event) + (good ? " is done" : " stays parked: " + outcome.why));
        if (!kept) ports_.say("that could not be kept: " + kept.error());
    }
    return result;
}

}  // namespace ringrift::ops::on
