#include "ops/table_reader.hpp"

#include <algorithm>
#include <cmath>

#include "ops/did_you_mean.hpp"
#include "ops/quantities.hpp"

namespace ringrift::ops {
namespace {

/// Beyond it, a product with a million no longer fits.
constexpr double scaled_max = 1e12;

std::string shortest(double number) {
    const auto whole = static_cast<std::int64_t>(number);
    return static_cast<double>(whole) == number ? std::to_string(whole) : std::to_string(number);
}

}  // namespace

TableReader::TableReader(const TomlFile& file, const TomlNode& table, std::string what,
                         std::vector<std::string>& problems)
    : file_(file), table_(table), what_(std::move(what)), problems_(problems) {}

const TomlNode* TableReader::ask(std::string_view key) {
    known_.push_back(key);
    return table_.find(key);
}

bool TableReader::expected(const TomlNode& node, std::string_view what) {
    problems_.push_back(file_.place(node) + node.key + " in " + what_ + " must be " +
                        std::string(what));
    return false;
}

void TableReader::complain(std::string_view key, const std::string& sentence) {
    const TomlNode* node = table_.find(key);
    problems_.push_back(file_.place(node == nullptr ? table_ : *node) + sentence);
}

bool TableReader::text(std::string_view key, std::string& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    if (node->kind != TomlNode::Kind::text || node->text.empty()) {
        return expected(*node, "a text in quotes that is not empty");
    }
    value = node->text;
    return true;
}

bool TableReader::integer(std::string_view key, std::int64_t least, std::int64_t& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    if (node->kind != TomlNode::Kind::integer || node->integer < least) {
        return expected(*node, "a whole number, " + std::to_string(least) + " or more");
    }
    value = node->integer;
    return true;
}

bool TableReader::scaled(std::string_view key, double least, std::int64_t unit,
                         std::int64_t& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    const bool number = node->kind == TomlNode::Kind::integer || node->kind == TomlNode::Kind::real;
    if (!number || !(node->real >= least && node->real <= scaled_max)) {
        return expected(*node, "a number, " + shortest(least) + " or more");
    }
    value = std::llround(node->real * static_cast<double>(unit));
    return true;
}

bool TableReader::duration(std::string_view key, bus::Duration least, bus::Duration& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    const auto read = node->kind == TomlNode::Kind::text ? duration_from_text(node->text)
                                                         : std::optional<bus::Duration>();
    if (!read || *read < least) {
        return expected(*node,
                        std::string(duration_example) + " in quotes, at least " + to_text(least));
    }
    value = *read;
    return true;
}

bool TableReader::bytes(std::string_view key, std::int64_t& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    const auto read = node->kind == TomlNode::Kind::text ? bytes_from_text(node->text)
                                                         : std::optional<std::int64_t>();
    if (!read) return expected(*node, std::string(bytes_example) + " in quotes");
    value = *read;
    return true;
}

bool TableReader::texts(std::string_view key, std::vector<std::string>& value) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return false;
    const bool listed = node->kind == TomlNode::Kind::list && !node->children.empty() &&
                        std::all_of(node->children.begin(), node->children.end(),
                                    [](auto& child) { return child.kind == TomlNode::Kind::text; });
    if (!listed) return expected(*node, "a list of texts, e.g. [\"{bin}/play\", \"{config}\"]");
    value.clear();
    for (const TomlNode& child : node->children) value.push_back(child.text);
    return true;
}

const TomlNode* TableReader::table(std::string_view key) {
    const TomlNode* node = ask(key);
    if (node == nullptr || node->kind == TomlNode::Kind::table) return node;
    expected(*node, "a table");
    return nullptr;
}

std::vector<const TomlNode*> TableReader::tables(std::string_view key) {
    const TomlNode* node = ask(key);
    if (node == nullptr) return {};
    std::vector<const TomlNode*> found;
    for (const TomlNode& child : node->children) {
        if (child.kind == TomlNode::Kind::table) found.push_back(&child);
    }
    if (node->kind != TomlNode::Kind::list || found.size() != node->children.size()) {
        expected(*node, "written as [[" + std::string(key) + "]]");
        return {};
    }
    return found;
}

void TableReader::finish() {
    for (const TomlNode& node : table_.children) {
        if (std::find(known_.begin(), known_.end(), node.key) != known_.end()) continue;
        problems_.push_back(file_.place(node) + what_ + " has no key '" + node.key + "'" +
                            did_you_mean(node.key, known_));
    }
}

}  // namespace ringrift::ops
