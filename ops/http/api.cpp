#include "ops/http/api.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "ops/http/auth.hpp"
#include "ops/http/request_target.hpp"

namespace ringrift::ops::http {
namespace {

constexpr std::size_t fold_batch = 500;
constexpr std::size_t kept_answers_max = 32;

std::vector<std::string_view> split(std::string_view pattern) {
    std::vector<std::string_view> parts;
    while (pattern.size() > 1) {
        pattern.remove_prefix(1);
        const auto end = std::min(pattern.find('/'), pattern.size());
        parts.push_back(pattern.substr(0, end));
        pattern.remove_prefix(end);
    }
    return parts;
}

/// The named parts of the path; empty when the path is not the pattern's.
std::optional<std::map<std::string, std::string>> matched(
    std::string_view pattern, const std::vector<std::string>& segments) {
    const auto parts = split(pattern);
    if (parts.size() != segments.size()) return {};
    std::map<std::string, std::string> named;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].starts_with('{')) {
            if (segments[i].empty()) return {};
            named[std::string(parts[i].substr(1, parts[i].size() - 2))] = segments[i];
        } else if (parts[i] != segments[i]) {
            return {};
        }
    }
    return named;
}

std::optional<Response> unknown_parameter(const Route& route, const Request& request) {
    if (!route.alias_of.empty()) return {};  // The original's callers send what they like.
    for (const auto& [name, value] : request.query) {
        const bool known =
            std::ranges::find(route.query, name, &Parameter::name) != route.query.end();
        if (known) continue;
        std::string names;
        for (const Parameter& parameter : route.query)
            names += (names.empty() ? "" : ", ") + std::string(parameter.name);
        return error_response(
            400, "unknown_parameter",
            "There is no parameter '" + name + "' in " + std::string(route.pattern) + ".",
            names.empty() ? "It takes none." : "It takes " + names + ".");
    }
    return {};
}

Answer text_index(const Sight& sight, const Call&) {
    return Response{.content_type = "text/plain; charset=utf-8",
                    .body = "ringrift " + sight.options.version + " node " + sight.options.node +
                            "\n\n" +
                            "/status /health /ready /metrics /jobs /work /nodes /models /elo "
                            "/sync /events\n" +
                            "/explain/work/<id>   why an item is where it is\n" +
                            "/openapi.json        every path with its parameters\n\n" +
                            "ringrift --help      the same as commands\n"};
}

}  // namespace

Api::Api(ApiOptions options, ApiPorts ports, projections::Folded<projections::ClusterView> start)
    : options_(std::move(options)), ports_(std::move(ports)), folded_(std::move(start)) {
    routes_.push_back({.method = "GET",
                       .pattern = "/",
                       .summary = "A short index, as text",
                       .answer = text_index});
    routes_.push_back({.method = "GET", .pattern = "/openapi.json", .summary = "This document"});
    for (const auto& group : {status_routes(), work_routes(), cluster_routes(), event_routes(),
                              admin_routes(), join_routes()}) {
        routes_.insert(routes_.end(), group.begin(), group.end());
    }
}

ServerCalls Api::calls() {
    return {.handle = [this](const Request& request) { return handle(request); },
            .finish = [this](Response& response) { finish(response); },
            .tick = [this] { return tick(); }};
}

void Api::finish(Response& response) const {
    for (const auto& [name, value] : position_headers()) response.headers.try_emplace(name, value);
}

std::map<std::string, std::string> Api::position_headers() const {
    return {{"X-RingRift-Epoch", std::to_string(folded_.view.leadership.epoch)},
            {"X-RingRift-Position", std::to_string(folded_.position)}};
}

bool Api::tick() {
    return fold_for(options_.catch_up_max);
}

bool Api::fold_for(bus::Duration time) {
    const auto until = std::chrono::steady_clock::now() + time;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < until) {
        auto batch = ports_.events.read(folded_.position, fold_batch);
        if (!batch) {
            fold_trouble_ = batch.error() == bus::ReadError::damaged
                                ? "The log is damaged; see the node's messages and doctor."
                                : "The log cannot be read now.";
            return false;
        }
        fold_trouble_.clear();
        for (const bus::Recorded& recorded : *batch) folded_.advance(recorded);
        more = batch->size() == fold_batch;
    }
    log_last_ = std::max(log_last_, folded_.position);
    if (more) {
        const auto last = ports_.events.last();
        if (last) log_last_ = *last;
    }
    return more;
}

Answer Api::handle(const Request& request) {
    fold_for(options_.catch_up_max);
    for (const Route& route : routes_) {
        if (route.method != request.method) continue;
        auto path = matched(route.pattern, request.segments);
        if (!path) continue;
        if (route.method == "POST") {
            if (auto refusal = refusal_to_post(request, options_.admin_token))
                return *std::move(refusal);
        }
        if (auto refusal = unknown_parameter(route, request)) return *std::move(refusal);
        return answer(route, {.request = request, .path = *std::move(path)});
    }
    return no_route(request);
}

Answer Api::answer(const Route& route, const Call& call) {
    if (route.pattern == "/openapi.json")
        return Response{.body = openapi(routes_, options_.version)};
    const bus::Time now = ports_.now();
    const Pulse pulse = ports_.pulse.read();
    const std::int64_t tenth = now.time_since_epoch().count() / 100;
    const bool same = kept_.position == folded_.position && kept_.beat_at == pulse.beat_at &&
                      kept_.tenth_of_second == tenth && kept_.answers.size() < kept_answers_max;
    if (!same)
        kept_ = {.position = folded_.position, .beat_at = pulse.beat_at, .tenth_of_second = tenth};
    if (route.kept) {
        const auto found = kept_.answers.find(call.request.target);
        if (found != kept_.answers.end()) return found->second;
    }
    const std::function<const QueueSummary&()> queue = [&]() -> const QueueSummary& {
        return summary(now);
    };
    const Sight sight = {.options = options_,
                         .ports = ports_,
                         .view = folded_.view,
                         .position = folded_.position,
                         .log_last = std::max(log_last_, folded_.position),
                         .fold_trouble = fold_trouble_,
                         .pulse = pulse,
                         .queue = queue,
                         .now = now};
    Answer answer = route.answer(sight, call);
    if (Stream* stream = std::get_if<Stream>(&answer)) stream->headers = position_headers();
    const Response* response = std::get_if<Response>(&answer);
    if (route.kept && response != nullptr) kept_.answers[call.request.target] = *response;
    return answer;
}

const QueueSummary& Api::summary(bus::Time now) {
    const bool small = folded_.view.work.items.size() <= summary_items_at_once;
    const bool old = now - summary_.at >= summary_age_max || now < summary_.at;
    if (old || (small && summary_.position != folded_.position)) {
        summary_ = summarise(folded_.view, folded_.position, now);
    }
    return summary_;
}

Answer Api::no_route(const Request& request) const {
    std::string allowed;
    for (const Route& route : routes_) {
        if (!matched(route.pattern, request.segments)) continue;
        if (allowed.find(route.method) != std::string::npos) continue;
        allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
        if (route.method == "GET") allowed += ", HEAD";
    }
    if (allowed.empty()) {
        return error_response(404, "no_such_path", "There is nothing at " + request.target + ".",
                              "GET / names the paths, /openapi.json describes them.");
    }
    Response refused = error_response(
        405, "method_not_allowed", request.method + " is not possible at " + request.target + ".",
        "Use " + allowed + ".");
    refused.headers["Allow"] = allowed;
    return refused;
}

}  // namespace ringrift::ops::http
