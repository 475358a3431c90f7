#include "bus/log_mark.hpp"

#include <charconv>

#include "bus/subjects.hpp"

namespace ringrift::bus {

std::string to_text(const LogMark& mark) {
    return mark.began + " " + std::to_string(mark.position) + " " + encode_token(mark.event.value);
}

std::optional<LogMark> mark_from_text(std::string_view text) {
    const std::size_t first = text.find(' ');
    const std::size_t second = text.find(' ', first + 1);
    if (first == std::string_view::npos || first == 0 || second == std::string_view::npos)
        return {};
    LogMark mark = {.began = std::string(text.substr(0, first))};
    const std::string_view digits = text.substr(first + 1, second - first - 1);
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), mark.position);
    const auto event = decode_token(text.substr(second + 1));
    const bool is_number = error == std::errc() && rest == digits.data() + digits.size();
    if (!is_number || !event) return {};
    mark.event = {*event};
    return mark;
}

}  // namespace ringrift::bus
