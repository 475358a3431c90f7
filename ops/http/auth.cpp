#include "ops/http/auth.hpp"

#include <array>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace ringrift::ops::http {
namespace {

/// Compares digests, so that neither content nor length of the token shows in
/// the time it takes.
bool same_secret(std::string_view shown, std::string_view wanted) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> a = {};
    std::array<unsigned char, SHA256_DIGEST_LENGTH> b = {};
    SHA256(reinterpret_cast<const unsigned char*>(shown.data()), shown.size(), a.data());
    SHA256(reinterpret_cast<const unsigned char*>(wanted.data()), wanted.size(), b.data());
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view shown_token(const Request& request) {
    const std::string_view authorization = header(request, "authorization");
    constexpr std::string_view bearer = "Bearer ";
    if (authorization.starts_with(bearer)) return authorization.substr(bearer.size());
    const std::string_view original = header(request, "x-ringrift-auth");
    return original.empty() ? header(request, "x-admin-token") : original;
}

/// Without the port; an IPv6 address keeps its brackets.
std::string_view host_name(std::string_view host) {
    const auto bracket = host.find(']');
    return bracket == std::string_view::npos ? host.substr(0, host.find(':'))
                                             : host.substr(0, bracket + 1);
}

bool is_loopback_name(std::string_view name) {
    return name.empty() || name == "localhost" || name == "[::1]" ||
           (name.starts_with("127.") &&
            name.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool from_foreign_page(const Request& request) {
    const std::string_view site = header(request, "sec-fetch-site");
    if (!site.empty() && site != "same-origin" && site != "none") return true;
    const std::string_view origin = header(request, "origin");
    if (origin.empty()) return false;
    const auto scheme = origin.find("://");
    return scheme == std::string_view::npos || origin.substr(scheme + 3) != header(request, "host");
}

bool through_a_proxy(const Request& request) {
    return request.headers.contains("x-forwarded-for") || request.headers.contains("forwarded") ||
           request.headers.contains("x-real-ip");
}

}  // namespace

std::optional<Response> refusal_to_post(const Request& request, const std::string& admin_token) {
    if (from_foreign_page(request)) {
        return error_response(403, "cross_site",
                              "A web page of another site may not change this cluster.",
                              "Use the CLI, curl, or the dashboard served by this node.");
    }
    if (!admin_token.empty()) {
        if (same_secret(shown_token(request), admin_token)) return {};
        Response refused =
            error_response(401, "unauthorized", "This needs the admin token.",
                           "Send Authorization: Bearer <token>, or set RINGRIFT_ADMIN_TOKEN "
                           "for the CLI.");
        refused.headers["WWW-Authenticate"] = "Bearer";
        return refused;
    }
    const bool local = request.from_loopback && !through_a_proxy(request) &&
                       is_loopback_name(host_name(header(request, "host")));
    if (local) return {};
    return error_response(403, "loopback_only",
                          "No admin token is set, so POST is taken from this machine only.",
                          "Use http://127.0.0.1 on the node itself, or start it with "
                          "RINGRIFT_ADMIN_TOKEN.");
}

bool shows(const Request& request, const std::string& secret) {
    return !secret.empty() && same_secret(shown_token(request), secret);
}

std::string actor_of(const Request& request, const std::string& admin_token) {
    return request.peer + (admin_token.empty() ? "" : " with the admin token");
}

}  // namespace ringrift::ops::http
