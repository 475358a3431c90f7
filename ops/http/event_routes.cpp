// /events: the history in pages, or followed as it grows; /explain: what
// happened to one item.

#include <algorithm>

#include <boost/json.hpp>

#include "bus/aliases.hpp"
#include "bus/codec.hpp"
#include "bus/facts.hpp"
#include "bus/json_kinds.hpp"
#include "ops/http/parameters.hpp"
#include "ops/http/sentences.hpp"
#include "ops/http/views_json.hpp"
#include "ops/http/why_waiting.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;

constexpr std::int64_t limit_default = 100;
constexpr std::int64_t limit_max = 1000;
constexpr std::size_t explained_max = 1000;
constexpr std::size_t stream_part_events = 100;
constexpr const char* too_late =
    " Too late: its claim had ended, so the result was refused and changed nothing.";

Response log_failed(bus::ReadError error) {
    if (error == bus::ReadError::unavailable) {
        return error_response(503, "log_unavailable", "The log cannot be read now.",
                              "Try again; see /status .log.");
    }
    return error_response(500, "log_damaged", "The log is damaged.",
                          "A person must look; see the node's messages.");
}

/// The position before the first event at or after `time`. Times in a log rise,
/// but for the clocks of nodes: near the bound an event may be on the wrong
/// side.
bus::Result<bus::Position, bus::ReadError> position_before(EventSource& events, bus::Time time) {
    const auto last = events.last();
    if (!last) return last.error();
    bus::Position low = 0;
    bus::Position high = *last;
    while (low < high) {
        const bus::Position middle = low + (high - low) / 2;
        const auto event = events.read(middle, 1);
        if (!event) return event.error();
        if (event->empty() || event->front().event.time >= time)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/// Where the last `count` that fit begin: looks back in growing steps.
bus::Result<bus::Position, bus::ReadError> position_of_tail(EventSource& events,
                                                            const bus::EventFilter& filter,
                                                            std::size_t count) {
    const auto last = events.last();
    if (!last) return last.error();
    for (bus::Position back = std::max<bus::Position>(count, 1000);; back *= 8) {
        const bus::Position start = *last > back ? *last - back : 0;
        std::vector<bus::Position> found;
        for (bus::Position after = start; after < *last;) {
            const auto page = events.read_fitting(filter, after, limit_max);
            if (!page) return page.error();
            for (const bus::Recorded& recorded : page->events) found.push_back(recorded.position);
            if (page->through == after) break;
            after = page->through;
        }
        if (found.size() >= count) return count == 0 ? *last : found[found.size() - count] - 1;
        if (start == 0) return bus::Position(0);
    }
}

/// What to show and from where.
struct Wish {
    bus::EventFilter filter = {};
    std::size_t limit = 0;
    std::optional<bus::Time> since = {};
    std::optional<std::int64_t> after = {};
    std::optional<std::int64_t> tail = {};
    bool follows = false;
};

Wish wish_from(Parameters& parameters, const Call& call, bus::Time now) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    Wish wish;
    wish.filter.type = parameters.text("type");
    // Under any of its names; what is no name of ours may stand in the log all the same.
    const std::string type = bus::canonical_type(wish.filter.type);
    if (bus::fact_kind(type) != nullptr) wish.filter.type = type;
    wish.filter.noun =
        parameters.one_of("noun", bus::json_detail::enum_names<bus::Noun>() + ", unread");
    wish.filter.about = parameters.text("key");
    wish.limit = static_cast<std::size_t>(parameters.integer("limit", limit_default, 1, limit_max));
    wish.since = parameters.since("since", now);
    if (call.request.query.contains("after")) wish.after = parameters.integer("after", 0, 0, most);
    if (call.request.query.contains("tail"))
        wish.tail = parameters.integer("tail", 0, 0, limit_max);
    wish.follows =
        parameters.flag("follow") ||
        header(call.request, "accept").find("text/event-stream") != std::string_view::npos;
    const std::string last_seen(header(call.request, "last-event-id"));
    if (wish.follows && !last_seen.empty() &&
        last_seen.find_first_not_of("0123456789") == std::string::npos && last_seen.size() < 19) {
        wish.after = std::stoll(last_seen);
    }
    return wish;
}

bus::Result<bus::Position, bus::ReadError> start_of(const Wish& wish, EventSource& events) {
    if (wish.after) return static_cast<bus::Position>(*wish.after);
    if (wish.since) return position_before(events, *wish.since);
    if (wish.tail)
        return position_of_tail(events, wish.filter, static_cast<std::size_t>(*wish.tail));
    if (wish.follows) return events.last();
    return bus::Position(0);
}

/// CloudEvents, with the position as an extension attribute.
std::string event_text(const bus::Recorded& recorded, const std::string& cluster) {
    std::string text = bus::encode(recorded.event, cluster);
    text.insert(text.rfind('}'), ",\"position\":" + std::to_string(recorded.position));
    return text;
}

Stream follow(const Sight& sight, Wish wish, bus::Position start) {
    // Outlives this request: of the sight, only what outlives the API is taken
    // along.
    EventSource& events = sight.ports.events;
    const std::string cluster = sight.options.cluster;
    const auto next = [&events, cluster, filter = std::move(wish.filter), at = start]() mutable {
        StreamPart part;
        const auto page = events.read_fitting(filter, at, stream_part_events);
        if (!page) {
            part.text = "event: end\ndata: {\"reason\":\"the log cannot be read now\"}\n\n";
            part.last = true;
            return part;
        }
        for (const bus::Recorded& recorded : page->events) {
            part.text += "id: " + std::to_string(recorded.position) +
                         "\nevent: " + std::string(bus::type_of(recorded.event)) +
                         "\ndata: " + event_text(recorded, cluster) + "\n\n";
        }
        at = page->through;
        return part;
    };
    return {.next = next, .too_many = "As many clients follow events as this node serves at once."};
}

Answer events(const Sight& sight, const Call& call) {
    Parameters parameters(call.request);
    Wish wish = wish_from(parameters, call, sight.now);
    if (parameters.problem()) return *parameters.problem();
    const auto start = start_of(wish, sight.ports.events);
    if (!start) return log_failed(start.error());
    if (wish.follows) return follow(sight, std::move(wish), *start);
    const auto page = sight.ports.events.read_fitting(wish.filter, *start, wish.limit);
    if (!page) return log_failed(page.error());
    const auto last = sight.ports.events.last();
    std::string body = "{\"events\":[";
    for (const bus::Recorded& recorded : page->events) {
        if (body.back() != '[') body += ",\n";
        body += event_text(recorded, sight.options.cluster);
    }
    const bool more = last.ok() && page->through < *last;
    body += "],\"next\":" + std::to_string(page->through) +
            ",\"more\":" + (more ? "true" : "false") +
            ",\"last\":" + std::to_string(last.ok() ? *last : page->through) + "}\n";
    return Response{.body = std::move(body)};
}

std::string where_it_is(const projections::WorkItem& item) {
    const std::string status(bus::json_detail::enum_name(item.status));
    if (item.lease)
        return "It is " + status + " on " + item.lease->node.value + ", attempt " +
               std::to_string(item.attempts) + ".";
    return "It is " + status + (item.reason.empty() ? "." : ": " + item.reason);
}

/// Of a result, whether its claim was gone when it came: then another event made the item what it
/// is. Not known of what the view has not folded yet, nor once the item has left it.
bool is_too_late(const bus::Recorded& recorded, const projections::WorkItem* item,
                 bus::Position folded) {
    const bool is_known = item != nullptr && recorded.position <= folded;
    if (!is_known || !std::holds_alternative<bus::WorkCompleted>(recorded.event.fact)) return false;
    const bool is_the_result =
        item->status == projections::WorkStatus::completed && item->changed == recorded.position;
    return !is_the_result;
}

Answer explain(const Sight& sight, const Call& call) {
    const std::string& work = call.path.at("work");
    const projections::WorkItem* item = find(sight.view.work, {work});
    json::array told;
    bus::Position after = 0;
    while (told.size() < explained_max) {
        const auto page = sight.ports.events.read_fitting({.about = work}, after, explained_max);
        if (!page) return log_failed(page.error());
        for (const bus::Recorded& recorded : page->events) {
            const bool late = is_too_late(recorded, item, sight.position);
            told.push_back({{"position", recorded.position},
                            {"time", bus::to_text(recorded.event.time)},
                            {"type", bus::type_of(recorded.event)},
                            {"said_by", recorded.event.source.value},
                            {"epoch", recorded.event.epoch},
                            {"too_late", late},
                            {"sentence", sentence_of(recorded) + (late ? too_late : "")}});
        }
        if (page->through == after || page->through >= sight.log_last) break;
        after = page->through;
    }
    if (told.empty() && item == nullptr) {
        return error_response(404, "unknown_work",
                              "Nothing was ever said about work '" + work + "'.",
                              "GET /work lists what there is.");
    }
    json::object body = {{"work_id", work}, {"events", std::move(told)}};
    body["work"] = item == nullptr ? json::value() : json::value(work_json(*item, sight.now));
    body["now"] = item == nullptr ? "It has left the queue's view; its events tell how it ended."
                                  : where_it_is(*item);
    body["why_waiting"] = nullptr;
    if (item != nullptr && item->status == projections::WorkStatus::pending) {
        const WhyWaiting why = WaitingRoom(sight.view, sight.now).why(*item);
        body["why_waiting"] = json::object{{"code", why.code}, {"sentence", why.sentence}};
    }
    return json_response(body);
}

}  // namespace

std::vector<Route> event_routes() {
    return {
        {.method = "GET",
         .pattern = "/events",
         .summary = "The history, oldest first, as CloudEvents; go on with "
                    "after=next while more is true. With "
                    "Accept: text/event-stream it is followed as it grows",
         .query = {{"type", "string", "e.g. WORK_COMPLETED"},
                   {"noun", "string",
                    "nodes, leadership, work, data, training or ratings; unread for what is "
                    "parked or unknown"},
                   {"key", "string",
                    "What the event is about: the id of work, node, model or file"},
                   {"after", "integer", "Only events behind this position"},
                   {"since", "string", "A time, or a duration before now"},
                   {"tail", "integer", "The last so many that fit"},
                   {"limit", "integer", "At most so many; 100 by default, up to 1000"},
                   {"follow", "boolean", "As Accept: text/event-stream"}},
         .answer = events},
        {.method = "GET",
         .pattern = "/explain/work/{work}",
         .summary = "What happened to an item, in sentences, and why it waits",
         .answer = explain},
    };
}

}  // namespace ringrift::ops::http
