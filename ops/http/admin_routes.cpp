// What changes something: a POST becomes an AdminRequest, and the node's answer
// the response.

#include <boost/json.hpp>

#include "bus/codec.hpp"
#include "ops/http/auth.hpp"
#include "ops/http/parameters.hpp"
#include "ops/http/views_json.hpp"
#include "ops/outside_request.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;

Response response_of(const AdminReply& reply, const std::string& action) {
    if (!reply.accepted) {
        return error_response(reply.status, reply.code.empty() ? "refused" : reply.code,
                              reply.sentence, reply.hint);
    }
    json::object details;
    json::object body = {{"accepted", true},
                         {"success", true},
                         {"action", action},
                         {"sentence", reply.sentence},
                         {"position", reply.position}};
    for (const auto& [name, value] : reply.details) details[name] = value;
    body["details"] = std::move(details);
    return json_response(body, reply.status);
}

/// The body as an object; an empty body is an empty object.
std::optional<json::object> body_of(const Request& request) {
    if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return json::object();
    boost::system::error_code error;
    json::value value = json::parse(request.body, error);
    if (error || !value.is_object()) return {};
    return std::move(value.as_object());
}

std::string text_in(const json::object& body, std::string_view name) {
    const json::value* value = body.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string().c_str())
                                                  : std::string();
}

/// Puts the request into the node's inbox; the node answers from its thread.
Answer ask_node(const Sight& sight, AdminRequest request) {
    bus::Inbox<AdminRequest>& inbox = sight.ports.admin;
    Later later;
    later.deadline = sight.options.admin_deadline;
    later.too_late = error_response(
        503, "no_answer", "The node did not answer in time; it is not known whether this was done.",
        "See /health, then GET /events?type=ADMIN_ACTION before trying again.");
    later.ask = [&inbox, request = std::move(request)](const Reply& reply) mutable {
        const std::string action = request.action;
        request.answer = [reply, action](const AdminReply& answer) {
            reply(response_of(answer, action));
        };
        if (inbox.put(std::move(request))) return;
        Response full = error_response(503, "busy", "Too many requests wait for the node already.",
                                       "Try again in a second.");
        full.headers["Retry-After"] = "1";
        reply(std::move(full));
    };
    return later;
}

struct Asked {
    AdminRequest request = {};
    std::optional<Response> problem = {};
};

/// reason, dry_run, work, node and for, from the body or the query.
Asked asked(const Sight& sight, const Call& call, std::string action) {
    Asked asked;
    Parameters parameters(call.request);
    const auto body = body_of(call.request);
    if (!body) {
        asked.problem =
            error_response(400, "invalid_body", "The body is not a JSON object.",
                           "Send none, or e.g. {\"reason\":\"maintenance\",\"dry_run\":true}.");
        return asked;
    }
    const json::value* dry_run = body->if_contains("dry_run");
    if (dry_run != nullptr && !dry_run->is_bool()) {
        asked.problem =
            error_response(400, "invalid_parameter", "Parameter 'dry_run' is no boolean.",
                           "It must be true or false.");
        return asked;
    }
    const auto either = [&](const std::string& name) {
        const std::string in_body = text_in(*body, name);
        return in_body.empty() ? parameters.text(name) : in_body;
    };
    asked.request = {
        .action = std::move(action),
        .body = call.request.body,
        .actor = actor_of(call.request, sight.options.admin_token),
        .reason = either("reason"),
        .dry_run = (dry_run != nullptr && dry_run->as_bool()) || parameters.flag("dry_run")};
    const std::string work = either("work").empty() ? either("work_id") : either("work");
    if (!work.empty()) asked.request.parameters["work"] = work;
    for (const char* name : {"node", "for"}) {
        const std::string value = either(name);
        if (!value.empty()) asked.request.parameters[name] = value;
    }
    asked.problem = parameters.problem();
    return asked;
}

Answer forward(const Sight& sight, const Call& call, std::string action, bool needs_work = false) {
    Asked checked = asked(sight, call, std::move(action));
    if (checked.problem) return *std::move(checked.problem);
    if (needs_work && !checked.request.parameters.contains("work")) {
        return error_response(400, "missing_parameter", "Parameter 'work' is missing.",
                              "Name the item, e.g. {\"work\":\"w-7\"}.");
    }
    return ask_node(sight, std::move(checked.request));
}

Answer start_election(const Sight& sight, const Call& call) {
    return forward(sight, call, "election/start");
}
Answer reset_stale(const Sight& sight, const Call& call) {
    return forward(sight, call, "jobs/reset-stale");
}
Answer shut_down(const Sight& sight, const Call& call) {
    return forward(sight, call, "shutdown");
}
Answer trigger_sync(const Sight& sight, const Call& call) {
    return forward(sight, call, "sync/trigger");
}
Answer cancel_work(const Sight& sight, const Call& call) {
    return forward(sight, call, "work/cancel", true);
}
Answer unpark_work(const Sight& sight, const Call& call) {
    return forward(sight, call, "work/unpark", true);
}

Answer drain_node(const Sight& sight, const Call& call) {
    return forward(sight, call, "nodes/drain");
}
Answer retire_node(const Sight& sight, const Call& call) {
    return forward(sight, call, "nodes/retire");
}
Answer quarantine_node(const Sight& sight, const Call& call) {
    return forward(sight, call, "nodes/quarantine");
}
Answer release_node(const Sight& sight, const Call& call) {
    return forward(sight, call, "nodes/release");
}

Answer add_work(const Sight& sight, const Call& call) {
    Asked checked = asked(sight, call, "work/add");
    if (checked.problem) return *std::move(checked.problem);
    json::object wish = *body_of(call.request);
    // The original's callers say work_type and config_key.
    for (const auto& [theirs, ours] :
         {std::pair("work_type", "type"), std::pair("config_key", "config")}) {
        if (!wish.contains(ours) && wish.contains(theirs)) {
            json::value told = wish.at(theirs);  // A copy: a new entry moves those that are there.
            wish[ours] = std::move(told);
        }
        wish.erase(theirs);
    }
    for (const char* name : {"type", "config"}) {
        if (!text_in(wish, name).empty()) continue;
        return error_response(400, "missing_parameter",
                              std::string("The body names no '") + name + "'.",
                              "Send e.g. "
                              "{\"type\":\"selfplay\",\"config\":\"hex5_2p\",\"games\":50}.");
    }
    for (const char* name : {"reason", "dry_run"}) wish.erase(name);
    checked.request.body = json::serialize(wish);
    return ask_node(sight, std::move(checked.request));
}

/// The parked event at the position that the body names, driven anew with what the body adds. An
/// error response when there is none.
std::variant<AdminRequest, Response> driven_anew(const Sight& sight, const json::object& body) {
    const json::value* at = body.if_contains("redrive");
    const json::value* more = body.if_contains("data");
    const std::string hint =
        R"(Send {"redrive":POSITION,"data":{…}} with what it lacks; GET /status .parked lists them.)";
    if (!at->is_int64() || at->get_int64() < 1 || (more != nullptr && !more->is_object()))
        return error_response(400, "invalid_body", "'redrive' takes the position of an event.",
                              hint);
    const auto position = static_cast<bus::Position>(at->get_int64());
    const bus::Result<bus::Position, bus::ReadError> last = sight.ports.events.last();
    bus::Result<bus::Batch, bus::ReadError> found = bus::Batch();
    if (last && position <= *last) found = sight.ports.events.read(position - 1, 1);
    if (!last || !found)
        return error_response(503, "log_unavailable", "The log cannot be read now.", hint);
    const bus::Event* event = found->empty() ? nullptr : &found->front().event;
    const auto* unread = event == nullptr ? nullptr : std::get_if<bus::Unread>(&event->fact);
    if (unread == nullptr || unread->why != bus::Unread::Why::parked) {
        return error_response(404, "unknown_event", "No parked event stands there.", hint);
    }
    boost::system::error_code error;
    json::value value = json::parse(bus::encode(*event, sight.options.cluster), error);
    const json::value* kept = error ? nullptr : value.as_object().if_contains("data");
    json::object data = kept != nullptr && kept->is_object() ? kept->get_object() : json::object();
    if (more != nullptr) {
        for (const auto& member : more->get_object()) data[member.key()] = member.value();
    }
    return AdminRequest{.action = "ingest",
                        .parameters = {{"type", unread->type},
                                       {"time", event->id.value},
                                       {"cause", event->id.value}},
                        .body = json::serialize(data)};
}

/// A fact from outside: `{"type":…,"data":{…}}` with any known name, a whole CloudEvent, or the
/// original's envelope; or a parked event once more.
Answer ingest(const Sight& sight, const Call& call) {
    const std::string actor = actor_of(call.request, sight.options.admin_token);
    const auto body = body_of(call.request);
    if (body && body->contains("redrive")) {
        auto again = driven_anew(sight, *body);
        if (auto* problem = std::get_if<Response>(&again)) return std::move(*problem);
        std::get<AdminRequest>(again).actor = actor;
        return ask_node(sight, std::move(std::get<AdminRequest>(again)));
    }
    auto request = outside_request(call.request.body);
    if (!request) {
        return error_response(400, request.error().code, request.error().sentence,
                              std::string(ingest_hint));
    }
    request->actor = actor;
    return ask_node(sight, *std::move(request));
}

const std::vector<Parameter> why = {
    {"reason", "string", "Kept with the action"},
    {"dry_run", "boolean", "Say what would be done, and do nothing"}};
const std::vector<Parameter> whom = {{"node", "string", "Id of the node"}, why[0], why[1]};
const std::vector<Parameter> for_how_long = {
    {"for", "string", "A duration up to 24h"}, whom[0], why[0], why[1]};
const std::vector<Parameter> which = {
    {"work", "string", "Id of the item"}, {"work_id", "string", "As work"}, why[0], why[1]};

}  // namespace

std::vector<Route> admin_routes() {
    return {
        {.method = "POST",
         .pattern = "/admin/election/start",
         .summary = "The leader steps down and an election follows",
         .query = why,
         .answer = start_election},
        {.method = "POST",
         .pattern = "/election/start",
         .summary = "As /admin/election/start",
         .answer = start_election,
         .alias_of = "/admin/election/start"},
        {.method = "POST",
         .pattern = "/admin/jobs/reset-stale",
         .summary = "Claims that never started go back to the queue",
         .query = why,
         .answer = reset_stale},
        {.method = "POST",
         .pattern = "/admin/shutdown",
         .summary = "Jobs are ended, claims given back, then the node leaves",
         .query = why,
         .answer = shut_down},
        {.method = "POST",
         .pattern = "/admin/sync/trigger",
         .summary = "Files are compared and copied now",
         .query = why,
         .answer = trigger_sync},
        {.method = "POST",
         .pattern = "/work/add",
         .summary = "Queues an item: {\"type\":…,\"config\":…,\"games\":…}",
         .query = why,
         .answer = add_work},
        {.method = "POST",
         .pattern = "/work/cancel",
         .summary = "Cancels an item",
         .query = which,
         .answer = cancel_work},
        {.method = "POST",
         .pattern = "/work/unpark",
         .summary = "Takes up an item that was set aside",
         .query = which,
         .answer = unpark_work},
        {.method = "POST",
         .pattern = "/nodes/drain",
         .summary = "The node takes no new work and finishes what it holds",
         .query = whom,
         .answer = drain_node},
        {.method = "POST",
         .pattern = "/nodes/retire",
         .summary = "A node that is gone is no longer counted; its id is barred. Leader only",
         .query = whom,
         .answer = retire_node},
        {.method = "POST",
         .pattern = "/nodes/quarantine",
         .summary = "The node gets no new work for a while. Leader only",
         .query = for_how_long,
         .answer = quarantine_node},
        {.method = "POST",
         .pattern = "/nodes/release",
         .summary = "Ends draining, quarantine or retirement. Leader only",
         .query = whom,
         .answer = release_node},
        {.method = "POST",
         .pattern = "/events",
         .summary = "A fact from outside: {\"type\":…,\"data\":{…}}; or a parked one anew: "
                    "{\"redrive\":POSITION,\"data\":{…}}",
         .answer = ingest},
    };
}

}  // namespace ringrift::ops::http
