#include "ops/on/event_environment.hpp"

#include <boost/json.hpp>

namespace ringrift::ops::on {
namespace {

namespace json = boost::json;

constexpr std::size_t value_bytes_max = 32 * 1024;  // The kernel takes 128 KiB, all of them 2 MiB.
const std::string variable_prefix = "RINGRIFT_EVENT_";

json::value parsed(const std::string& text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    return error || !value.is_object() ? json::value(json::object()) : value;
}

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

/// Letters, digits and _ of a name that a shell can say; empty when others are in it.
std::string variable_of(std::string_view member) {
    std::string name = variable_prefix;
    for (const char c : member) {
        const bool is_small = c >= 'a' && c <= 'z';
        const bool is_plain = is_small || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '_') return {};
        name += is_small ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

void add(Environment& environment, const std::string& name, const std::string& value) {
    const bool fits =
        !name.empty() && value.size() <= value_bytes_max && value.find('\0') == std::string::npos;
    if (fits) environment.emplace(name, value);  // What is there already stays.
}

}  // namespace

EventHead head_of(const std::string& text) {
    const json::value value = parsed(text);
    return {.type = text_in(value.get_object(), "type"),
            .about = text_in(value.get_object(), "subject"),
            .is_parked = value.get_object().contains("parked")};
}

Environment environment_of(const FedEvent& event, std::int64_t attempt) {
    const json::value value = parsed(event.text);
    const json::object& envelope = value.get_object();
    Environment environment;
    for (const char* name : {"type", "id", "subject", "time", "source"})
        add(environment, variable_of(name), text_in(envelope, name));
    environment[variable_prefix + "POSITION"] = std::to_string(event.position);
    environment[variable_prefix + "ATTEMPT"] = std::to_string(attempt);
    const json::value* data = envelope.if_contains("data");
    if (data == nullptr || !data->is_object()) return environment;
    for (const auto& member : data->get_object()) {
        const std::string name = variable_of(member.key());
        const json::value& said = member.value();
        if (said.is_string()) add(environment, name, std::string(said.get_string()));
        if (said.is_number() || said.is_bool()) add(environment, name, json::serialize(said));
    }
    return environment;
}

}  // namespace ringrift::ops::on
