#include "ops/outside_request.hpp"

#include <boost/json.hpp>

#include "bus/aliases.hpp"
#include "bus/codec.hpp"

namespace ringrift::ops {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& body, std::string_view name) {
    const json::value* value = body.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string().c_str())
                                                  : std::string();
}

/// A number is written as it is said; the original's clocks count seconds.
std::string time_in(const json::object& body) {
    for (const char* name : {"time", "timestamp"}) {
        const json::value* value = body.if_contains(name);
        if (value != nullptr && !value->is_null()) return json::serialize(*value);
    }
    return {};
}

}  // namespace

bus::Result<AdminRequest, NoEvent> outside_request(std::string_view body,
                                                   const std::string& named) {
    boost::system::error_code error;
    json::value value = json::parse(body, error);
    if (error || !value.is_object())
        return NoEvent{"invalid_body", "The body is not a JSON object."};
    const json::object& said = value.get_object();
    const json::value* data = said.if_contains(said.contains("data") ? "data" : "payload");
    const bool is_bare = !named.empty() && (data == nullptr || !data->is_object()) &&
                         !said.contains("event_type") && !said.contains("specversion");
    std::string type = is_bare ? "" : text_in(said, said.contains("type") ? "type" : "event_type");
    if (type.empty()) type = named;
    if (is_bare) data = &value;
    if (type.empty()) return NoEvent{"missing_parameter", "The body names no 'type'."};
    if (data == nullptr || !data->is_object())
        return NoEvent{"missing_parameter", "The body has no object 'data'."};
    const std::string text = json::serialize(*data);
    const auto fact = bus::fact_from(type, text);
    if (!fact && !fact.error().lacks && bus::failure_of(bus::canonical_type(type)).empty())
        return NoEvent{"invalid_event", "This is no " + type + ": " + fact.error().sentence};
    AdminRequest request = {
        .action = "ingest", .parameters = {{"type", type}, {"time", time_in(said)}}, .body = text};
    const std::string id = text_in(said, said.contains("id") ? "id" : "event_id");
    if (!id.empty() && !is_bare) request.parameters["id"] = id;
    return request;
}

}  // namespace ringrift::ops
