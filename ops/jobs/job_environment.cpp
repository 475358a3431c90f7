#include "ops/jobs/job_environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace ringrift::ops {
namespace {

constexpr std::array<std::string_view, 9> own_prefixes = {
    "RINGRIFT_", "NATS_",     "PG",          "POSTGRES",    "LISTEN_",
    "NOTIFY_",   "WATCHDOG_", "INVOCATION_", "CREDENTIALS_"};
constexpr std::array<std::string_view, 6> secret_words = {"TOKEN",  "SECRET",     "PASSWORD",
                                                          "PASSWD", "CREDENTIAL", "PRIVATE"};

bool is_private(std::string name, std::string_view value) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
    const auto contains = [&](std::string_view word) { return name.find(word) != name.npos; };
    if (std::any_of(own_prefixes.begin(), own_prefixes.end(), starts)) return true;
    if (std::any_of(secret_words.begin(), secret_words.end(), contains)) return true;
    if (name.ends_with("_KEY") || name.ends_with("_DSN")) return true;
    const auto scheme = value.find("://");  // scheme://user:password@host
    if (scheme == value.npos) return false;
    const auto authority = value.substr(scheme + 3, value.find('/', scheme + 3) - scheme - 3);
    const auto at = authority.find('@');
    return at != authority.npos && authority.substr(0, at).find(':') != authority.npos;
}

}  // namespace

Environment inheritable(const Environment& environment) {
    Environment kept;
    for (const auto& [name, value] : environment) {
        if (!is_private(name, value)) kept.emplace(name, value);
    }
    return kept;
}

Environment environment_of_this_process() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals == text.npos || equals == 0) continue;
        environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

}  // namespace ringrift::ops
