#include "ops/http/parameters.hpp"

#include <charconv>

#include "ops/quantities.hpp"

namespace ringrift::ops::http {

std::string Parameters::text(const std::string& name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? std::string() : found->second;
}

void Parameters::wrong(const std::string& name, const std::string& expected) {
    if (problem_) return;
    problem_ = error_response(400, "invalid_parameter",
                              "Parameter '" + name + "' is '" + text(name) + "'.",
                              "It must be " + expected + ".");
}

std::int64_t Parameters::integer(const std::string& name, std::int64_t otherwise,
                                 std::int64_t least, std::int64_t most) {
    const std::string given = text(name);
    if (given.empty()) return otherwise;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error == std::errc() && end == given.data() + given.size() && value >= least &&
        value <= most)
        return value;
    wrong(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return otherwise;
}

bool Parameters::flag(const std::string& name) {
    const auto found = request_.query.find(name);
    if (found == request_.query.end()) return false;
    const std::string& given = found->second;
    if (given.empty() || given == "1" || given == "true") return true;
    if (given != "0" && given != "false") wrong(name, "true or false");
    return false;
}

std::string Parameters::one_of(const std::string& name, const std::string& names) {
    const std::string given = text(name);
    if (given.empty()) return given;
    if ((", " + names + ", ").find(", " + given + ", ") != std::string::npos) return given;
    wrong(name, "one of " + names);
    return {};
}

std::optional<bus::Time> Parameters::since(const std::string& name, bus::Time now) {
    const std::string given = text(name);
    if (given.empty()) return {};
    if (const auto time = bus::time_from_text(given)) return time;
    if (const auto before = duration_from_text(given)) return now - *before;
    wrong(name,
          "a time such as 2025-12-28T10:00:00Z, or a duration such as 90s, "
          "15m or 2h30m");
    return {};
}

}  // namespace ringrift::ops::http
