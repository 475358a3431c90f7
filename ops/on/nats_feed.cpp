#include "ops/on/nats_feed.hpp"

#include <algorithm>
#include <map>

#include "bus/json.hpp"

namespace ringrift::ops::on {
namespace {

constexpr std::string_view durable_prefix = "on-";

std::string durable_name(const std::string& name) {
    return std::string(durable_prefix) + name;
}

std::string key_of(const std::string& name, bus::Position position) {
    return name + "." + std::to_string(position);
}

Exit exit_of(const bus::NatsHealth& health) {
    return {ExitCode::log_unusable, health.sentence};
}

bus::Result<std::vector<ParkedEvent>, std::string> parked_on(bus::NatsShelf& shelf,
                                                             const std::string& prefix) {
    const auto texts = shelf.texts(prefix);
    if (!texts) return texts.error();
    std::vector<ParkedEvent> found;
    for (const auto& [key, text] : *texts) {
        auto event = bus::from_json<ParkedEvent>(text);
        found.push_back(event ? *std::move(event)
                              : ParkedEvent{.type = "(unreadable)",
                                            .why = "key " + key + " of " + shelf.bucket()});
    }
    std::ranges::sort(found, {}, &ParkedEvent::position);
    return found;
}

}  // namespace

NatsFeed::NatsFeed(bus::NatsConnection& connection, NatsFeedSettings settings)
    : settings_(std::move(settings)),
      durable_(connection, {.cluster = settings_.cluster,
                            .name = durable_name(settings_.name),
                            .subject = subject_for(settings_.types, settings_.cluster),
                            .purpose = purpose_of(settings_.types),
                            .from = settings_.from}),
      shelf_(connection, settings_.cluster) {}

bus::Result<ConsumerState, Exit> NatsFeed::open() {
    const auto facts = durable_.open();
    if (!facts && facts.error().state == bus::NatsState::stream_differs) {
        return Exit{ExitCode::usage,
                    facts.error().sentence + "; take another --name, or end it with --forget"};
    }
    if (!facts) return exit_of(facts.error());
    return ConsumerState{.name = settings_.name,
                         .types = facts->purpose,
                         .done = facts->done,
                         .waiting = facts->waiting + facts->outstanding,
                         .kept = "consumer " + facts->name};
}

bus::Result<std::optional<FedEvent>, Exit> NatsFeed::next(bus::Duration wait) {
    using Next = std::optional<FedEvent>;
    auto event = durable_.next(wait);
    if (!event) return Next{};
    // Whoever had it before and did not come back with it did not end well either.
    return Next{FedEvent{.position = event->position,
                         .text = std::move(event->text),
                         .failed = event->given_out - 1,
                         .answer_to = std::move(event->answer_to)}};
}

bool NatsFeed::done(const FedEvent& event) {
    return durable_.done({.position = event.position, .answer_to = event.answer_to});
}

void NatsFeed::still_at_it(const FedEvent& event) {
    durable_.still_at_it({.position = event.position, .answer_to = event.answer_to});
}

void NatsFeed::give_back(const FedEvent& event) {
    durable_.give_back({.position = event.position, .answer_to = event.answer_to});
}

bus::Result<bus::Done, std::string> NatsFeed::park(const ParkedEvent& event) {
    return shelf_.put(key_of(settings_.name, event.position), bus::to_json(event));
}

bus::Result<std::vector<ParkedEvent>, std::string> NatsFeed::parked() {
    return parked_on(shelf_, settings_.name + ".");
}

bus::Result<bus::Done, std::string> NatsFeed::unpark(bus::Position position) {
    return shelf_.remove(key_of(settings_.name, position));
}

bus::Result<std::vector<ConsumerState>, Exit> NatsRegistry::consumers() {
    const auto durables = bus::durables(connection_, cluster_, durable_prefix);
    if (!durables) return exit_of(durables.error());
    bus::NatsShelf shelf(connection_, cluster_);
    const auto parked = parked_on(shelf, "");
    if (!parked) return Exit{ExitCode::log_unusable, parked.error()};
    std::map<std::string, ConsumerState> by_name;
    for (const bus::DurableFacts& facts : *durables) {
        const std::string name = facts.name.substr(durable_prefix.size());
        by_name[name] = {.name = name,
                         .types = facts.purpose,
                         .done = facts.done,
                         .waiting = facts.waiting + facts.outstanding,
                         .kept = "consumer " + facts.name};
    }
    for (const ParkedEvent& event : *parked) {
        ConsumerState& state = by_name[event.name];
        if (state.name.empty()) {
            state.name = event.name;
            state.types = "(forgotten)";
            state.kept = "bucket " + shelf.bucket();
        }
        ++state.parked;
    }
    std::vector<ConsumerState> found;
    for (auto& [name, state] : by_name) found.push_back(std::move(state));
    return found;
}

std::optional<Exit> NatsRegistry::forget(const std::string& name) {
    const auto all = consumers();
    if (!all) return all.error();
    const bool is_there =
        std::ranges::any_of(*all, [&](const ConsumerState& state) { return state.name == name; });
    if (!is_there) {
        return Exit{ExitCode::refused, "there is no consumer '" + name + "'; ringrift on --list"};
    }
    const auto health = bus::forget_durable(connection_, cluster_, durable_name(name));
    if (health) return exit_of(*health);
    return {};
}

}  // namespace ringrift::ops::on
