#include "bus/nats_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace ringrift::bus {
namespace {

bool is_url(const std::string& server) {
    const bool known = server.starts_with("nats://") || server.starts_with("tls://");
    const std::size_t host = server.find("//");
    return known && server.size() > host + 2 &&
           server.find_first_of(" \t\r\n,") == std::string::npos;
}

std::string problem_of_file(const std::string& what, const std::string& path) {
    if (path.empty() || std::ifstream(path).good()) return {};
    return "the " + what + " " + path + " cannot be read";
}

/// Even over the whole range, and the same for the same input: splitmix64.
std::uint64_t scatter(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

}  // namespace

std::string problem_of(const NatsSettings& settings) {
    if (settings.servers.empty()) return "no NATS server is named; say --nats nats://host:4222";
    for (const std::string& server : settings.servers) {
        if (!is_url(server))
            return "'" + server + "' is no address of a NATS server; write nats://host:4222";
    }
    const int identities =
        !settings.user.empty() + !settings.nkey_seed_file.empty() + !settings.creds_file.empty();
    if (identities > 1)
        return "more than one of user, nkey and creds file is given for NATS; leave one";
    if (settings.nkey.empty() != settings.nkey_seed_file.empty())
        return "an nkey for NATS takes both the public key and the file with its seed";
    if (settings.tls_certificate_file.empty() != settings.tls_key_file.empty())
        return "a TLS certificate for NATS takes both the certificate and its key";
    for (const auto& [what, path] :
         {std::pair("seed file", settings.nkey_seed_file),
          std::pair("creds file", settings.creds_file), std::pair("CA file", settings.tls_ca_file),
          std::pair("TLS certificate", settings.tls_certificate_file),
          std::pair("TLS key", settings.tls_key_file)}) {
        std::string problem = problem_of_file(what, path);
        if (!problem.empty()) return problem;
    }
    return {};
}

Duration backoff(const NatsSettings& settings, int failures) {
    const int doublings = std::clamp(failures - 1, 0, 20);
    const Duration full =
        std::min(settings.backoff_max, settings.backoff_min * (std::int64_t(1) << doublings));
    const std::uint64_t name = std::hash<std::string>()(settings.name);
    const std::uint64_t chance = scatter(name + static_cast<std::uint64_t>(failures));
    const auto half = static_cast<std::uint64_t>(full.count() / 2);
    return full - Duration(static_cast<std::int64_t>(chance % (half + 1)));
}

}  // namespace ringrift::bus
