#include "bus/codec.hpp"

#include "bus/aliases.hpp"
#include "bus/envelope.hpp"
#include "bus/facts.hpp"
#include "bus/log.hpp"
#include "bus/upcast.hpp"

namespace ringrift::bus {
namespace {

namespace json = boost::json;

constexpr std::size_t usual_bytes = 640;  // Of an encoded event; only a first guess.
constexpr std::size_t parse_buffer_bytes =
    16 * 1024;  // Holds all but the largest events, on the stack.

/// The fact of `label`, or why it could not be read.
Fact read_fact(const DataLabel& label, std::span<const Upcast> table) {
    Unread unread = {.type = std::string(label.type), .subject = std::string(label.subject)};
    const FactKind* kind = fact_kind(label.type);
    if (kind == nullptr) {
        unread.problem = "type '" + unread.type + "' is not known to this program";
        return unread;
    }
    unread.why = Unread::Why::parked;
    JsonProblem problem;
    Fact fact;
    json::object* data = label.data->if_object();
    if (data == nullptr) problem.expected("an object"), problem.within(std::string_view("data"));
    const bool good =
        data != nullptr &&
        upcast(label.type, label.version, kind->info.version, *data, table, problem) &&
        kind->read(*label.data, fact, problem);
    if (good) return fact;
    unread.problem = problem.sentence();
    return unread;
}

/// What was kept without being taken: why stands in the event itself, and it stays so, whatever a
/// later program could read in it.
Fact parked_at_door(const DataLabel& label) {
    return Unread{.why = Unread::Why::parked,
                  .type = std::string(label.type),
                  .subject = std::string(label.subject),
                  .problem = std::string(label.parked)};
}

/// Reads an event out of `value`; whatever is wrong with it ends in its fact as `Unread`.
Event read_event(json::value& value, std::span<const Upcast> table) {
    Event event;
    DataLabel label;
    JsonProblem problem;
    json::object* object = value.if_object();
    if (object == nullptr) problem.expected("an object");
    if (object != nullptr && read_envelope(*object, event, label, problem)) {
        event.fact = label.parked.empty() ? read_fact(label, table) : parked_at_door(label);
    } else {
        event.fact = Unread{.why = Unread::Why::parked,
                            .type = std::string(label.type),
                            .subject = std::string(label.subject),
                            .problem = problem.sentence()};
    }
    return event;
}

Malformed malformed(const JsonProblem& problem) {
    return {.sentence = problem.sentence(), .lacks = problem.lacks()};
}

}  // namespace

std::string encode(const Event& event, std::string_view cluster) {
    std::string text;
    text.reserve(usual_bytes);
    append_encoded(text, event, cluster);
    return text;
}

void append_encoded(std::string& out, const Event& event, std::string_view cluster) {
    if (const auto* unread = std::get_if<Unread>(&event.fact); unread && !unread->text.empty()) {
        out += unread->text;
        return;
    }
    write_envelope(out, event, cluster);
    const std::size_t before = out.size();
    write_fact(out, event.fact);
    if (out.size() == before) out += "null";
    out += '}';
}

std::string encode_data(const Fact& fact) {
    std::string text;
    write_fact(text, fact);
    return text;
}

std::size_t encoded_bytes_at_most(const Event& event, std::string_view cluster) {
    return envelope_bytes_at_most(event, cluster) + fact_bytes_at_most(event.fact);
}

Event decode(std::string_view text) {
    return decode_with(text, upcasts());
}

Event decode_with(std::string_view text, std::span<const Upcast> table) {
    std::array<unsigned char, parse_buffer_bytes> buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    json::value value(&memory);
    JsonProblem problem;
    Event event;
    if (parse_json(text, &memory, value, problem)) {
        event = read_event(value, table);
    } else {
        event.fact = Unread{.why = Unread::Why::parked, .problem = problem.sentence()};
    }
    if (auto* unread = std::get_if<Unread>(&event.fact)) unread->text = text;
    return event;
}

Result<Event, Malformed> decode_at_door(std::string_view text) {
    if (text.size() > event_bytes_max) return Malformed{"the event is larger than 1 MiB"};
    json::monotonic_resource memory;
    json::value value(&memory);
    JsonProblem problem;
    if (!parse_json(text, &memory, value, problem)) return malformed(problem);
    if (auto* object = value.if_object()) adopt_envelope(*object);
    Event event = read_event(value, upcasts());
    if (const auto* unread = std::get_if<Unread>(&event.fact)) return Malformed{unread->problem};
    if (event.id.value.size() > id_bytes_max)
        return Malformed{"field 'id' is longer than 200 bytes"};
    if (!ids_are_sound(event.fact, problem)) return malformed(problem);
    return event;
}

Result<Fact, Malformed> fact_from(std::string_view type, std::string_view data) {
    if (data.size() > event_bytes_max) return Malformed{"the data is larger than 1 MiB"};
    json::monotonic_resource memory;
    json::value value(&memory);
    JsonProblem problem;
    if (!parse_json(data, &memory, value, problem)) return malformed(problem);
    const FactKind* kind = fact_kind(canonical_type(type));
    if (kind == nullptr)
        return Malformed{"type '" + std::string(type) + "' is not known to this program"};
    if (auto* object = value.if_object()) adopt_fields(*kind, *object);
    Fact fact;
    if (!kind->read(value, fact, problem) || !ids_are_sound(fact, problem))
        return malformed(problem);
    return fact;
}

const std::vector<EventInfo>& event_catalogue() {
    static const std::vector<EventInfo> catalogue = [] {
        std::vector<EventInfo> infos;
        for (const FactKind& kind : fact_kinds()) infos.push_back(kind.info);
        return infos;
    }();
    return catalogue;
}

}  // namespace ringrift::bus
