// /openapi.json: OpenAPI 3.1, made from the routes, so that it cannot say
// anything else than they do.

#include <boost/json.hpp>

#include "ops/http/api.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;

json::object parameter_json(std::string_view name, std::string_view where, std::string_view type,
                            std::string_view description) {
    return {{"name", name},
            {"in", where},
            {"required", where == "path"},
            {"description", description},
            {"schema", json::object{{"type", type}}}};
}

json::array parameters_json(const Route& route) {
    json::array parameters;
    for (std::size_t at = route.pattern.find('{'); at != std::string_view::npos;
         at = route.pattern.find('{', at + 1)) {
        const auto end = route.pattern.find('}', at);
        parameters.push_back(parameter_json(route.pattern.substr(at + 1, end - at - 1), "path",
                                            "string", "Percent-encoded id"));
    }
    for (const Parameter& parameter : route.query) {
        parameters.push_back(
            parameter_json(parameter.name, "query", parameter.type, parameter.description));
    }
    return parameters;
}

std::string operation_id(const Route& route) {
    std::string id = route.method == "GET" ? "get" : "post";
    for (const char c : route.pattern) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            id += c;
        else if (id.back() != '_' && c != '}')
            id += '_';
    }
    return id;
}

json::object operation_json(const Route& route) {
    json::object responses = {{"200", json::object{{"description", "The answer"}}},
                              {"default", json::object{{"$ref", "#/components/responses/Error"}}}};
    json::object operation = {{"operationId", operation_id(route)},
                              {"summary", route.summary},
                              {"parameters", parameters_json(route)},
                              {"responses", std::move(responses)}};
    if (!route.alias_of.empty()) operation["deprecated"] = true;
    if (route.method == "POST") {
        operation["security"] = json::array{json::object{{"token", json::array()}}};
        operation["requestBody"] = json::object{
            {"content",
             json::object{{"application/json",
                           json::object{{"schema", json::object{{"type", "object"}}}}}}}};
    }
    return operation;
}

}  // namespace

std::string openapi(const std::vector<Route>& routes, const std::string& version) {
    json::object paths;
    for (const Route& route : routes) {
        if (!paths.contains(route.pattern)) paths[route.pattern] = json::object();
        paths.at(route.pattern).as_object()[route.method == "GET" ? "get" : "post"] =
            operation_json(route);
    }
    const json::object text = {{"type", "string"}};
    const json::object error = {
        {"type", "object"},
        {"required", json::array{"error", "code", "hint"}},
        {"properties", json::object{{"error", text}, {"code", text}, {"hint", text}}}};
    const json::object document = {
        {"openapi", "3.1.0"},
        {"info", json::object{{"title", "RingRift node"},
                              {"version", version.empty() ? "0" : version},
                              {"description",
                               "GET is open. POST needs the admin token, or, when none is set, a "
                               "client on the node itself. "
                               "Every answer carries X-RingRift-Epoch and X-RingRift-Position."}}},
        {"paths", std::move(paths)},
        {"components",
         json::object{
             {"securitySchemes",
              json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
             {"schemas", json::object{{"Error", error}}},
             {"responses",
              json::object{
                  {"Error",
                   json::object{
                       {"description", "What is wrong, and what to do"},
                       {"content",
                        json::object{
                            {"application/json",
                             json::object{
                                 {"schema",
                                  json::object{{"$ref", "#/components/schemas/Error"}}}}}}}}}}}}}};
    return json::serialize(document) + "\n";
}

}  // namespace ringrift::ops::http
