#include "ops/cli/remote.hpp"

#include <cstdlib>

#include <boost/json.hpp>

#include "ops/cli/http_client.hpp"
#include "ops/http/request_target.hpp"

namespace ringrift::ops::cli {
namespace {

namespace json = boost::json;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::string member(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    const json::value* found = object == nullptr ? nullptr : object->if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->as_string().c_str())
                                                  : std::string();
}

bus::Result<Told, Exit> exchange(const Remote& remote, const std::string& method,
                                 const std::string& target, const std::string& body) {
    ClientRequest request = {.url = remote.url, .method = method, .target = target, .body = body};
    if (!remote.token.empty()) request.headers["Authorization"] = "Bearer " + remote.token;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    auto response = call(request);
    if (!response) {
        return Exit{response.error().bad_url ? ExitCode::usage : ExitCode::unreachable,
                    response.error().sentence};
    }
    if (response->status >= 400) return refused(response->status, response->body);
    json::error_code error;
    json::value value = json::parse(response->body, error);
    if (error)
        return Exit{ExitCode::refused,
                    remote.url + target +
                        " answered with something that is no JSON; is it a ringrift node?"};
    return Told{.text = std::move(response->body), .value = std::move(value)};
}

}  // namespace

Remote remote_from_environment() {
    Remote remote;
    const std::string url = environment("RINGRIFT_URL");
    const std::string port = environment("RINGRIFT_P2P_PORT");
    if (!port.empty()) remote.url = "http://127.0.0.1:" + port;
    if (!url.empty()) remote.url = url;
    remote.token = environment("RINGRIFT_ADMIN_TOKEN");
    return remote;
}

Exit refused(int status, const std::string& body) {
    json::error_code error;
    const json::value value = json::parse(body, error);
    std::string sentence = error ? std::string() : member(value, "error");
    if (sentence.empty())
        sentence = "The node answered with status " + std::to_string(status) + ".";
    const std::string hint = error ? std::string() : member(value, "hint");
    const std::string code = error ? std::string() : member(value, "code");
    const bool misspoken = code == "invalid_parameter" || code == "missing_parameter";
    return {misspoken ? ExitCode::usage : ExitCode::refused,
            hint.empty() ? sentence : sentence + "\n" + hint};
}

bus::Result<Told, Exit> ask(const Remote& remote, const std::string& target) {
    return exchange(remote, "GET", target, {});
}

bus::Result<Told, Exit> tell(const Remote& remote, const std::string& target,
                             const std::string& body) {
    return exchange(remote, "POST", target, body);
}

std::string target_of(const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& query) {
    std::string target = path;
    char before = '?';
    for (const auto& [name, value] : query) {
        if (value.empty()) continue;
        target += before + name + "=" + http::percent_encoded(value);
        before = '&';
    }
    return target;
}

}  // namespace ringrift::ops::cli
