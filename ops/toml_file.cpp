#include "ops/toml_file.hpp"

// Header-only and without exceptions: this is its only user, so a shared library would save
// nothing.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ringrift::ops {
namespace {

TomlNode convert(const toml::node& node, std::string_view key);

/// toml++ keeps a table sorted by key; people expect the order of the file.
void by_line(std::vector<TomlNode>& nodes) {
    std::stable_sort(nodes.begin(), nodes.end(),
                     [](const TomlNode& a, const TomlNode& b) { return a.line < b.line; });
}

TomlNode convert(const toml::table& table, std::string_view key) {
    TomlNode made = {.kind = TomlNode::Kind::table, .key = std::string(key)};
    for (const auto& [name, child] : table) made.children.push_back(convert(child, name.str()));
    by_line(made.children);
    return made;
}

TomlNode convert(const toml::array& list, std::string_view key) {
    TomlNode made = {.kind = TomlNode::Kind::list, .key = std::string(key)};
    for (const toml::node& child : list) made.children.push_back(convert(child, ""));
    return made;
}

TomlNode scalar(const toml::node& node, std::string_view key) {
    TomlNode made = {.key = std::string(key)};
    std::ostringstream written;
    if (const auto* text = node.as_string()) {
        made.kind = TomlNode::Kind::text;
        written << text->get();
    } else if (const auto* integer = node.as_integer()) {
        made.kind = TomlNode::Kind::integer;
        made.integer = integer->get();
        made.real = static_cast<double>(made.integer);
        written << made.integer;
    } else if (const auto* real = node.as_floating_point()) {
        made.kind = TomlNode::Kind::real;
        made.real = real->get();
        written << made.real;
    } else if (const auto* boolean = node.as_boolean()) {
        made.kind = TomlNode::Kind::boolean;
        made.boolean = boolean->get();
        written << (made.boolean ? "true" : "false");
    } else {
        made.kind = TomlNode::Kind::time;
    }
    made.text = written.str();
    return made;
}

TomlNode convert(const toml::node& node, std::string_view key) {
    TomlNode made = node.is_table()   ? convert(*node.as_table(), key)
                    : node.is_array() ? convert(*node.as_array(), key)
                                      : scalar(node, key);
    made.line = static_cast<int>(node.source().begin.line);
    return made;
}

}  // namespace

const TomlNode* TomlNode::find(std::string_view name) const {
    for (const TomlNode& child : children) {
        if (child.key == name) return &child;
    }
    return nullptr;
}

std::string TomlFile::place(const TomlNode& node) const {
    return node.line > 0 ? name + ":" + std::to_string(node.line) + ": " : name + ": ";
}

bus::Result<TomlFile, Unreadable> parse_toml(std::string_view text, std::string name) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Unreadable{name + ":" + std::to_string(error.source().begin.line) +
                          ": not TOML: " + std::string(error.description())};
    }
    TomlFile file = {.name = std::move(name), .root = convert(parsed.table(), "")};
    return file;
}

bus::Result<TomlFile, Unreadable> read_toml(const std::filesystem::path& path) {
    const auto text = read_text(path);
    if (!text) return text.error();
    return parse_toml(*text, path.string());
}

bus::Result<std::string, Unreadable> read_text(const std::filesystem::path& path) {
    std::ifstream stream(path);
    std::string content(std::istreambuf_iterator<char>(stream), {});
    std::error_code unknown;
    if (!stream || std::filesystem::is_directory(path, unknown)) {
        return Unreadable{"cannot read " + path.string() +
                          "; name a file that exists and may be read"};
    }
    return content;
}

}  // namespace ringrift::ops
