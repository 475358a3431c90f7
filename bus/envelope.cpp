#include "bus/envelope.hpp"

#include "bus/facts.hpp"
#include "bus/json.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr std::size_t fixed_bytes_max = 400;  // Names, punctuation, numbers and the time.
constexpr std::string_view node_follows = "/nodes/";

/// A source of another form is somebody else's name for itself, and taken whole.
NodeId node_of(std::string_view source) {
    const auto at = source.find(node_follows);
    if (source.empty() || source.front() != '/' || at == std::string_view::npos) {
        return {std::string(source)};
    }
    const auto token = source.substr(at + node_follows.size());
    return {decode_token(token).value_or(std::string(token))};
}

void write_text_unless_empty(std::string& out, std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out.append(",\"").append(name).append("\":");
    append_json_string(out, text);
}

/// One member into its place. Unknown members are skipped.
bool read_member(std::string_view name, boost::json::value& value, Event& into, DataLabel& label,
                 JsonProblem& problem) {
    const auto text = [&](std::string_view& target) {
        if (!value.is_string()) return problem.expected("text");
        return target = std::string_view(value.get_string()), true;
    };
    std::string_view held;
    if (name == "data") return label.data = &value, true;
    if (name == "id") return read_json(value, into.id, problem);
    if (name == "type") return text(label.type);
    if (name == "subject") return text(label.subject);
    if (name == "parked") return text(label.parked);
    if (name == "time") return read_json(value, into.time, problem);
    if (name == "epoch") return read_json(value, into.epoch, problem);
    if (name == "dataversion") return read_json(value, label.version, problem);
    if (name == "correlationid") return read_json(value, into.correlation, problem);
    if (name == "causationid") return read_json(value, into.causation, problem);
    if (name == "source") return text(held) && (into.source = node_of(held), true);
    if (name == "specversion") return (text(held) && held == "1.0") || problem.expected("\"1.0\"");
    return true;
}

}  // namespace

void write_envelope(std::string& out, const Event& event, std::string_view cluster) {
    const EventInfo* info = info_of(event.fact);
    out += R"({"specversion":"1.0","id":)";
    append_json_string(out, event.id.value);
    out += R"(,"source":"/)";
    append_token(out, cluster);
    out += node_follows;
    append_token(out, event.source.value);
    out += '"';
    write_text_unless_empty(out, "type", type_of(event));
    write_text_unless_empty(out, "subject", about(event));
    out += R"(,"time":)";
    write_json(out, event.time);
    out += R"(,"datacontenttype":"application/json","dataversion":)";
    append_json_integer(out, info == nullptr ? 1 : info->version);
    if (event.epoch != 0) {
        out += R"(,"epoch":)";
        append_json_unsigned(out, event.epoch);
    }
    write_text_unless_empty(out, "correlationid", event.correlation.value);
    write_text_unless_empty(out, "causationid", event.causation.value);
    if (const auto* unread = std::get_if<Unread>(&event.fact);
        unread != nullptr && unread->why == Unread::Why::parked) {
        write_text_unless_empty(out, "parked", unread->problem);
    }
    out += R"(,"data":)";
}

std::size_t envelope_bytes_at_most(const Event& event, std::string_view cluster) {
    const std::size_t text = event.id.value.size() + about(event).size() + type_of(event).size() +
                             event.correlation.value.size() + event.causation.value.size() +
                             event.source.value.size() + cluster.size();
    return fixed_bytes_max + 6 * text;  // At worst every byte is escaped as \u00XX.
}

bool read_envelope(boost::json::object& from, Event& into, DataLabel& label, JsonProblem& problem) {
    bool good = true;
    for (auto& member : from) {
        JsonProblem found;
        if (read_member(member.key(), member.value(), into, label, found)) continue;
        found.within(std::string_view(member.key()));
        if (std::exchange(good, false)) problem = found;
    }
    const char* missing = label.type.empty()      ? "type"
                          : into.id.empty()       ? "id"
                          : label.data == nullptr ? "data"
                                                  : nullptr;
    if (good && missing != nullptr) {
        problem.what = "is missing";
        good = problem.within(std::string_view(missing));
    }
    return good;
}

}  // namespace ringrift::bus
