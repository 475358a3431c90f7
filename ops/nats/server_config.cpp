#include "ops/nats/server_config.hpp"

#include <openssl/hmac.h>

#include <array>

#include "bus/json.hpp"

namespace ringrift::ops {
namespace {

std::string derived(std::string_view token, const std::string& purpose) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, 32> mac = {};
    unsigned int size = 0;
    HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
         reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), mac.data(), &size);
    std::string text;
    for (const unsigned char byte : mac) text += {digits[byte >> 4], digits[byte & 15]};
    return text;
}

/// NATS reads a quoted text as JSON does.
std::string json_text(std::string_view text) {
    std::string out;
    bus::append_json_string(out, text);
    return out;
}

std::string at(const HostAndPort& place) {
    const bool is_v6 = place.host.find(':') != std::string::npos;
    return (is_v6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

std::string routes_text(const NatsServerConfig& config) {
    if (config.routes.empty()) return {};
    const std::string password =
        derived(config.join_token, "ringrift nats routes " + config.cluster);
    std::string text = "cluster {\n  name: " + json_text("ringrift_" + config.cluster) +
                       "\n  listen: " + json_text(at({config.listen, config.route_port})) +
                       "\n  authorization { user: \"route\", password: " + json_text(password) +
                       ", timeout: 5 }\n  routes: [\n";
    for (const HostAndPort& route : config.routes) {
        text += "    " + json_text("nats-route://route:" + password + "@" + at(route)) + "\n";
    }
    return text + "  ]\n}\n";
}

}  // namespace

std::string nats_password(std::string_view join_token, std::string_view cluster) {
    return derived(join_token, "ringrift nats nodes " + std::string(cluster));
}

std::string server_config_text(const NatsServerConfig& config) {
    // Events are at most 1 MiB; with their headers a little more.
    constexpr std::string_view payload_max = "2MB";
    std::string text =
        "# Written by ringrift at each start; what is changed here is lost.\n"
        "server_name: " +
        json_text(config.name) + "\nlisten: " + json_text(at({config.listen, config.port})) +
        "\nmax_payload: " + std::string(payload_max) +
        "\nauthorization { user: " + json_text(nats_user) +
        ", password: " + json_text(nats_password(config.join_token, config.cluster)) +
        " }\njetstream {\n  store_dir: " + json_text(config.store.string()) + "\n";
    if (config.sync_always) text += "  sync_interval: always\n";
    return text + "}\n" + routes_text(config);
}

}  // namespace ringrift::ops
