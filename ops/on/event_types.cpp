#include "ops/on/event_types.hpp"

#include <algorithm>

#include "bus/aliases.hpp"
#include "bus/codec.hpp"
#include "bus/json_kinds.hpp"
#include "bus/subjects.hpp"
#include "ops/did_you_mean.hpp"

namespace ringrift::ops::on {
namespace {

constexpr std::size_t near_max = 5;  // More would be no help.

/// `*` stands for any letters, also none.
bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
        for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
            if (matches(pattern.substr(1), text.substr(skipped))) return true;
        }
        return false;
    }
    return !text.empty() && pattern.front() == text.front() &&
           matches(pattern.substr(1), text.substr(1));
}

std::vector<std::string> parts_of(std::string_view name) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= name.size();) {
        const std::size_t to = std::min(name.find('_', from), name.size());
        if (to - from > 2) parts.emplace_back(name.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

std::string unknown_type(const std::string& word) {
    std::vector<std::string_view> all;
    for (const bus::EventInfo& info : bus::event_catalogue()) all.push_back(info.type);
    const std::string name = bus::canonical_type(word);
    std::string sentence = "there is no event type '" + word + "'";
    const std::string slip = did_you_mean(name, all);
    if (!slip.empty()) return sentence + slip;
    std::vector<std::pair<int, std::string_view>> near;
    for (const std::string_view type : all) {
        int shared = 0;
        for (const std::string& part : parts_of(name))
            shared += type.find(part) != std::string_view::npos;
        if (shared > 0) near.emplace_back(-shared, type);
    }
    std::ranges::stable_sort(near, {}, &std::pair<int, std::string_view>::first);
    if (near.size() > near_max) near.resize(near_max);
    std::string names;
    for (const auto& [shared, type] : near)
        names += (names.empty() ? "" : ", ") + std::string(type);
    return sentence + (names.empty() ? "" : "; near it are " + names) +
           " (bus/README.md lists all; patterns such as 'WORK_*' and '*' are taken too)";
}

}  // namespace

bus::Result<EventTypes, std::string> types_of(const std::vector<std::string>& words) {
    EventTypes types;
    for (const std::string& word : words) {
        if (word == "*") return EventTypes{};
        const bool is_pattern = word.find('*') != std::string::npos;
        const std::string name = is_pattern ? word : bus::canonical_type(word);
        const std::size_t before = types.names.size();
        bool found = false;
        for (const bus::EventInfo& info : bus::event_catalogue()) {
            if (is_pattern ? !matches(name, info.type) : name != info.type) continue;
            types.names.emplace(info.type);
            found = true;
        }
        if (!found && types.names.size() == before) return unknown_type(word);
    }
    if (types.names.empty()) return std::string("name an event type, e.g. TRAINING_COMPLETED");
    return types;
}

std::string purpose_of(const EventTypes& types) {
    std::string names;
    for (const std::string& name : types.names) names += (names.empty() ? "" : ",") + name;
    return "ringrift on " + (names.empty() ? "*" : names);
}

std::string subject_for(const EventTypes& types, std::string_view cluster) {
    std::set<bus::Noun> nouns;
    for (const bus::EventInfo& info : bus::event_catalogue()) {
        if (types.names.contains(std::string(info.type))) nouns.insert(info.noun);
    }
    if (nouns.size() != 1) return {};
    const std::string noun(bus::json_detail::enum_name(*nouns.begin()));
    return "ringrift." + bus::encode_token(cluster) + "." + noun + ".*." +
           (types.names.size() == 1 ? *types.names.begin() : "*");
}

}  // namespace ringrift::ops::on
