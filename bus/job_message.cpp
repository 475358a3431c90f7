#include "bus/job_message.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

namespace ringrift::bus {
namespace {

namespace json = boost::json;

constexpr std::int64_t all_ppm = 1'000'000;

std::optional<json::object> object_from(std::string_view text) {
    boost::system::error_code code;
    json::value root = json::parse(json::string_view(text.data(), text.size()), code);
    if (code || !root.is_object()) return {};
    return std::move(root.get_object());
}

std::optional<std::int64_t> integer_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return {};
    return value->get_int64();
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) return {};
    return std::string(value->get_string());
}

// The job has it from its environment, so it may come as a text.
std::optional<Position> fence_of(const json::object& object) {
    if (const auto number = integer_of(object, "fence")) return static_cast<Position>(*number);
    const auto text = text_of(object, "fence");
    if (!text) return {};
    Position fence = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), fence);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return {};
    return fence;
}

std::optional<ProgressSaid> progress_of(const json::object& object) {
    ProgressSaid said{.games = integer_of(object, "games").value_or(0)};
    if (const auto ppm = integer_of(object, "progress_ppm")) {
        said.progress_ppm = std::min(*ppm, all_ppm);
        return said;
    }
    const json::value* part = object.if_contains("progress");
    if (part == nullptr || !part->is_number()) return {};
    const double share = part->to_number<double>();
    if (!(share >= 0 && share <= 1)) return {};
    said.progress_ppm = std::llround(share * static_cast<double>(all_ppm));
    return said;
}

}  // namespace

std::optional<JobMessage> parse_job_message(std::string_view text) {
    const auto object = object_from(text);
    if (!object) return {};
    const auto work = text_of(*object, "work");
    const auto fence = fence_of(*object);
    if (!work || work->size() > id_bytes_max || !fence) return {};
    JobMessage message{.work = {*work}, .fence = *fence};
    if (object->contains("event")) {
        const auto type = text_of(*object, "event");
        const json::value* data = object->if_contains("data");
        if (!type || type->size() > id_bytes_max || data == nullptr || !data->is_object())
            return {};
        message.said = EventSaid{*type, json::serialize(*data)};
        return message;
    }
    const auto progress = progress_of(*object);
    if (!progress) return {};
    message.said = *progress;
    return message;
}

std::optional<ProgressSaid> parse_progress(std::string_view line) {
    const auto object = object_from(line);
    if (!object) return {};
    return progress_of(*object);
}

}  // namespace ringrift::bus
