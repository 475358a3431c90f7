#include "ops/on/on_command.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

#include "bus/json.hpp"
#include "ops/cli/remote.hpp"
#include "ops/cli/table.hpp"
#include "ops/data_folder.hpp"
#include "ops/join.hpp"
#include "ops/on/api_feed.hpp"
#include "ops/on/event_types.hpp"
#include "ops/on/nats_feed.hpp"
#include "ops/on/runner.hpp"
#include "ops/quantities.hpp"
#include "ops/stop_signals.hpp"
#include "ops/system_clock.hpp"
#include "ops/up.hpp"
#include "producers/digest.hpp"

namespace ringrift::ops::on {
namespace {

constexpr bus::Duration connect_max = std::chrono::seconds(30);
constexpr bus::Duration nap = std::chrono::milliseconds(1);
constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t types_shown = 60;  // In a table.

std::optional<bus::Position> position_from(const std::string& text) {
    bus::Position position = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, position);
    if (text.empty() || error != std::errc() || stop != end) return {};
    return position;
}

bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

/// The same for the same types and command, so that a service that is started again goes on.
std::string name_for(const OnWishes& wishes) {
    std::string all;
    for (const std::string& type : wishes.types) all += type + " ";
    for (const std::string& word : wishes.command) all += '\0' + word;
    std::string start = wishes.types.front();
    std::ranges::replace_if(
        start, [](char c) { return !is_name(std::string(1, c)); }, '_');
    std::ranges::transform(start, start.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return start.substr(0, 60) + "-" + producers::digest_of(all).substr(0, 8);
}

/// What was asked for, checked.
struct Order {
    EventTypes types = {};
    std::string name = {};
    std::optional<bus::Position> from = {};
    bus::Duration timeout = {};
    bus::Duration pause = {};
};

bus::Result<Order, Exit> order_from(const OnWishes& wishes) {
    const auto wrong = [](std::string sentence) {
        return Exit{ExitCode::usage, std::move(sentence)};
    };
    Order order = {.name = wishes.name};
    const bool shows = wishes.parked || !wishes.redrive.empty() || !wishes.discard.empty();
    if (shows && wishes.types.empty()) {
        if (!is_name(wishes.name))
            return wrong("name the consumer with --name; ringrift on --list names them");
    } else {
        auto types = types_of(wishes.types);
        if (!types) return wrong(types.error());
        order.types = *std::move(types);
        if (wishes.command.empty() && !shows)
            return wrong("name the command behind --, e.g. ringrift on " + wishes.types.front() +
                         " -- ./announce.sh");
        if (order.name.empty()) order.name = name_for(wishes);
    }
    if (!is_name(order.name))
        return wrong("--name '" + order.name + "' should be 1 to 100 letters, digits, - and _");
    if (wishes.from == "beginning") {
        order.from = 1;
    } else if (wishes.from != "now") {
        order.from = position_from(wishes.from);
        if (!order.from || *order.from == 0)
            return wrong("--from takes now, beginning, or a position above 0; not '" + wishes.from +
                         "'");
    }
    for (const auto& [flag, text, into] : {std::tuple("--timeout", &wishes.timeout, &order.timeout),
                                           std::tuple("--pause", &wishes.pause, &order.pause)}) {
        const auto duration = duration_from_text(*text);
        if (!duration || *duration <= bus::Duration::zero())
            return wrong(std::string(flag) + " takes " + std::string(duration_example));
        *into = *duration;
    }
    return order;
}

/// Where the events come from: one of the two, with all that it needs.
struct Source {
    std::unique_ptr<bus::NatsConnection> connection = {};
    LogPlace place = {};
    cli::Remote remote = {};
    std::string folder = {};

    std::unique_ptr<EventFeed> feed(const Order& order) const {
        if (connection) {
            return std::make_unique<NatsFeed>(*connection,
                                              NatsFeedSettings{.cluster = place.cluster,
                                                               .name = order.name,
                                                               .types = order.types,
                                                               .from = order.from});
        }
        return std::make_unique<ApiFeed>(ApiFeedSettings{.name = order.name,
                                                         .types = order.types,
                                                         .from = order.from,
                                                         .remote = remote,
                                                         .folder = folder});
    }
    std::unique_ptr<Registry> registry() const {
        if (connection) return std::make_unique<NatsRegistry>(*connection, place.cluster);
        return std::make_unique<ApiRegistry>(folder, remote);
    }
};

bus::Result<Source, Exit> source_of(const Options& options, const OnWishes& wishes,
                                    const std::string& reader) {
    Source source = {.remote = cli::remote_from_environment()};
    source.folder = (options.data_dir / "on").string();
    const bool over_nats = wishes.url.empty() && (!options.nats.empty() || !options.peers.empty() ||
                                                  remembers_cluster(options.data_dir));
    if (!over_nats) {
        if (!wishes.url.empty()) source.remote.url = wishes.url;
        return source;
    }
    auto place = find_log(options, "on-" + reader, cli::call, wall_clock);
    if (!place) return place.error();
    source.place = *std::move(place);
    source.connection = std::make_unique<bus::NatsConnection>(source.place.nats);
    if (source.connection->wait_connected(connect_max)) return source;
    return Exit{ExitCode::log_unusable, source.connection->health().sentence};
}

void print_consumers(const std::vector<ConsumerState>& all, bool as_json, std::ostream& out) {
    cli::Table table({"name", "events", "done", "waiting", "parked", "kept in"});
    for (const ConsumerState& state : all) {
        if (as_json) {
            out << bus::to_json(state) << "\n";
            continue;
        }
        const std::string waiting = state.waiting >= 0 ? std::to_string(state.waiting) : "-";
        const std::string of = state.last > 0 ? " of " + std::to_string(state.last) : "";
        std::string types = state.types;
        if (types.size() > types_shown) types = types.substr(0, types_shown) + "…";
        table.add({state.name, types, std::to_string(state.done) + of, waiting,
                   std::to_string(state.parked), state.kept});
    }
    if (!as_json) out << (all.empty() ? "Nobody listens here.\n" : table.text());
}

void print_parked(const std::vector<ParkedEvent>& all, bool as_json, std::ostream& out) {
    for (const ParkedEvent& event : all) {
        if (as_json) {
            out << bus::to_json(event) << "\n";
            continue;
        }
        out << event.position << "  " << event.type << "  " << event.about << "  "
            << bus::to_text(event.parked_at) << "  " << event.attempts << " attempts: " << event.why
            << "\n";
        std::size_t from = 0;
        while (from < event.output.size()) {
            const std::size_t to = std::min(event.output.find('\n', from), event.output.size());
            out << "    " << event.output.substr(from, to - from) << "\n";
            from = to + 1;
        }
    }
    if (all.empty() && !as_json) out << "Nothing is parked.\n";
}

/// The parked events that `which` names.
bus::Result<std::vector<ParkedEvent>, Exit> chosen(EventFeed& feed, const std::string& which) {
    const auto parked = feed.parked();
    if (!parked) return Exit{ExitCode::log_unusable, parked.error()};
    if (which == "all") return *parked;
    const auto position = position_from(which);
    if (!position) return Exit{ExitCode::usage, "'" + which + "' is no position; see --parked"};
    std::vector<ParkedEvent> found;
    for (const ParkedEvent& event : *parked) {
        if (event.position == *position) found.push_back(event);
    }
    if (!found.empty()) return found;
    return Exit{ExitCode::refused, "no event " + which + " is parked; see --parked"};
}

Exit discard(EventFeed& feed, const std::string& which) {
    const auto events = chosen(feed, which);
    if (!events) return events.error();
    for (const ParkedEvent& event : *events) {
        const auto gone = feed.unpark(event.position);
        if (!gone) return {ExitCode::log_unusable, gone.error()};
    }
    return {ExitCode::ok, {}};
}

Exit drive(EventFeed& feed, const Order& order, const OnWishes& wishes, StopSignals& signals) {
    const EventCommand command(wishes.command, order.timeout);
    if (const std::string problem = command.problem(); !problem.empty())
        return {ExitCode::usage, problem};
    Runner runner({.name = order.name,
                   .types = order.types,
                   .attempts_max = wishes.attempts,
                   .pause = order.pause,
                   .environment = inheritable(environment_of_this_process())},
                  {.feed = feed,
                   .run =
                       [&](const std::string& line, const Environment& environment,
                           const std::function<bool()>& look) {
                           return command.run(line, environment, look);
                       },
                   .stopping =
                       [&] {
                           signals.wait(nap);
                           return signals.count() > 0;
                       },
                   .wait = [&](bus::Duration time) { signals.wait(time); },
                   .now = wall_clock,
                   .say = [](const std::string& line) { spdlog::info("[on] {}", line); }});
    if (!wishes.redrive.empty()) {
        const auto events = chosen(feed, wishes.redrive);
        if (!events) return events.error();
        const Runner::Redriven result = runner.redrive(*events);
        if (result.exit) return *result.exit;
        if (result.failed == 0) return {ExitCode::ok, {}};
        return {ExitCode::refused, std::to_string(result.failed) + " of " +
                                       std::to_string(events->size()) + " stay parked"};
    }
    const auto state = feed.open();
    if (!state) return state.error();
    spdlog::info("[on] '{}' listens: {} from event {} on, kept in {}", order.name, state->types,
                 state->done + 1, state->kept);
    const Exit exit = runner.run();
    if (exit.code == ExitCode::ok)
        spdlog::info("[on] '{}' ended; it goes on from here", order.name);
    return exit;
}

}  // namespace

Exit run_on(const LoadedOptions& loaded, const OnWishes& wishes, std::ostream& out) {
    const bool runs = !wishes.list && !wishes.parked && wishes.forget.empty();
    std::optional<StopSignals> signals;
    if (runs) signals.emplace();  // Before any thread of NATS, which would take them.
    set_up_logging(loaded.options.log_level);
    for (const std::string& warning : loaded.warnings) spdlog::warn("{}", warning);
    if (wishes.list || !wishes.forget.empty()) {
        const auto source = source_of(loaded.options, wishes, "list");
        if (!source) return source.error();
        const auto registry = source->registry();
        if (!wishes.forget.empty())
            return registry->forget(wishes.forget).value_or(Exit{ExitCode::ok, {}});
        const auto all = registry->consumers();
        if (!all) return all.error();
        print_consumers(*all, wishes.as_json, out);
        return {ExitCode::ok, {}};
    }
    const auto order = order_from(wishes);
    if (!order) return order.error();
    const auto source = source_of(loaded.options, wishes, order->name);
    if (!source) return source.error();
    const auto feed = source->feed(*order);
    if (!wishes.discard.empty()) return discard(*feed, wishes.discard);
    if (!wishes.parked) return drive(*feed, *order, wishes, *signals);
    const auto parked = feed->parked();
    if (!parked) return {ExitCode::log_unusable, parked.error()};
    print_parked(*parked, wishes.as_json, out);
    return {ExitCode::ok, {}};
}

}  // namespace ringrift::ops::on
