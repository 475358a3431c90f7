#pragma once

// Described values <-> JSON: events, views in snapshots, anything made of our kinds of fields.
//
//   std::string, Id<>                text                 bool               true, false
//   integers                         integer              Duration           integer, milliseconds
//   Time                             RFC 3339 text        described enum     name, trailing `_`
//   dropped optional                         value or null        pair               array of 2
//   vector, array, set               array                described struct   object, members in
//   order map with text or Id keys         object               other maps         array of [key,
//   value]
//
// There are no doubles: a fold must give the same bytes on every node. The same value always gives
// the same bytes. Reading: a wrong kind or an integer out of range is an error that names the
// field; unknown fields are skipped; every field must be there, except optionals, vectors, sets,
// maps, and those a struct lists in `static constexpr std::array may_be_missing = {"name", …}`
// (its in-class default holds then). Heavy to compile: use it in few .cpp files. Any thread.

#include <limits>
#include <string>
#include <string_view>

#include "bus/json_kinds.hpp"
#include "bus/json_text.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

template <class T>
void write_json(std::string& out, const T& value);
template <class T>
bool read_json(const boost::json::value& from, T& into, JsonProblem& problem);

template <class T>
std::string to_json(const T& value) {
    std::string out;
    write_json(out, value);
    return out;
}

template <class T>
Result<T, JsonProblem> from_json(std::string_view text) {
    boost::json::monotonic_resource memory;
    boost::json::value value(&memory);
    JsonProblem problem;
    T result = {};
    if (!parse_json(text, &memory, value, problem) || !read_json(value, result, problem))
        return problem;
    return result;
}

namespace json_detail {

template <class Range>
void write_items(std::string& out, const Range& items) {
    out += '[';
    bool first = true;
    for (const auto& item : items) {
        if (!std::exchange(first, false)) out += ',';
        write_json(out, item);
    }
    out += ']';
}

template <class Map>
void write_object(std::string& out, const Map& map) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : map) {
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, key_text(key));
        out += ':';
        write_json(out, value);
    }
    out += '}';
}

template <class T>
void write_members(std::string& out, const T& value) {
    char before = '{';
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        out += before;
        out += '"';
        out += member.name;  // An identifier: needs no escapes.
        out += "\":";
        write_json(out, value.*member.pointer);
        before = ',';
    });
    out += '}';
}

/// Finds members by name; free of charge when they are asked for in the order in which they stand.
class MemberCursor {
  public:
    explicit MemberCursor(const boost::json::object& object) : object_(object) {}
    const boost::json::value* find(std::string_view name) {
        const auto at = object_.begin() + static_cast<std::ptrdiff_t>(next_);
        if (next_ < object_.size() && at->key() == name) return ++next_, &at->value();
        const auto found = object_.find(name);
        if (found == object_.end()) return nullptr;
        next_ = static_cast<std::size_t>(found - object_.begin()) + 1;
        return &found->value();
    }

  private:
    const boost::json::object& object_;
    std::size_t next_ = 0;
};

template <class T>
bool read_members(const boost::json::value& from, T& into, JsonProblem& problem) {
    const auto* object = from.if_object();
    if (object == nullptr) return problem.expected("an object");
    MemberCursor cursor(*object);
    bool good = true;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        if (!good) return;
        auto& field = into.*member.pointer;
        if (const auto* value = cursor.find(member.name)) {
            good =
                read_json(*value, field, problem) || problem.within(std::string_view(member.name));
        } else if (!may_be_missing<T, std::remove_reference_t<decltype(field)>>(member.name)) {
            problem.what = "is missing";
            good = problem.within(std::string_view(member.name));
        }
    });
    return good;
}

template <std::integral T>
bool read_integer(const boost::json::value& from, T& into, JsonProblem& problem) {
    if (const auto* number = from.if_int64(); number && std::in_range<T>(*number)) {
        return into = static_cast<T>(*number), true;
    }
    if (const auto* number = from.if_uint64(); number && std::in_range<T>(*number)) {
        return into = static_cast<T>(*number), true;
    }
    const std::string low = std::to_string(std::numeric_limits<T>::min());
    const std::string high = std::to_string(std::numeric_limits<T>::max());
    return problem.expected("an integer from " + low + " to " + high);
}

template <class T>
bool read_text(const boost::json::value& from, T& into, JsonProblem& problem) {
    const auto* text = from.if_string();
    if (text == nullptr) return problem.expected("text");
    if constexpr (std::is_same_v<T, Time>) {
        const auto time = time_from_text(std::string_view(*text));
        if (!time) return problem.expected("a time like 2025-12-28T10:00:00.123Z");
        into = *time;
    } else if constexpr (IsEnum<T>) {
        const auto found = enum_from_name<T>(std::string_view(*text));
        if (!found) return problem.expected("one of " + enum_names<T>());
        into = *found;
    } else {
        into = key_from_text<T>(std::string_view(*text));
    }
    return true;
}

template <class T>
bool read_array(const boost::json::value& from, T& into, JsonProblem& problem) {
    const auto* items = from.if_array();
    if (items == nullptr) return problem.expected("an array");
    if constexpr (IsArray<T>) {
        if (items->size() != into.size()) {
            return problem.expected("an array of " + std::to_string(into.size()));
        }
    } else {
        into.clear();
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        typename ItemOf<T>::type item = {};
        if (!read_json((*items)[i], item, problem)) return problem.within(i);
        if constexpr (IsArray<T>) {
            into[i] = std::move(item);
        } else {
            into.insert(into.end(), std::move(item));
        }
    }
    return true;
}

template <class T>
bool read_object(const boost::json::value& from, T& into, JsonProblem& problem) {
    const auto* object = from.if_object();
    if (object == nullptr) return problem.expected("an object");
    into.clear();
    for (const auto& member : *object) {
        typename T::mapped_type value = {};
        if (!read_json(member.value(), value, problem))
            return problem.within(std::string_view(member.key()));
        into.insert_or_assign(key_from_text<typename T::key_type>(member.key()), std::move(value));
    }
    return true;
}

template <class T>
bool read_pair(const boost::json::value& from, T& into, JsonProblem& problem) {
    const auto* items = from.if_array();
    if (items == nullptr || items->size() != 2) return problem.expected("an array of 2");
    return (read_json((*items)[0], into.first, problem) || problem.within(0)) &&
           (read_json((*items)[1], into.second, problem) || problem.within(1));
}

template <class T>
void write_value(std::string& out, const T& value) {
    if constexpr (std::is_same_v<T, bool>)
        out += value ? "true" : "false";
    else if constexpr (std::is_same_v<T, std::string> || IsId<T>)
        append_json_string(out, key_text(value));
    else if constexpr (std::signed_integral<T>)
        append_json_integer(out, value);
    else if constexpr (std::unsigned_integral<T>)
        append_json_unsigned(out, value);
    else if constexpr (std::is_same_v<T, Duration>)
        append_json_integer(out, value.count());
    else if constexpr (std::is_same_v<T, Time>)
        append_json_string(out, to_text(value));
    else if constexpr (IsEnum<T>)
        append_json_string(out, enum_name(value));
    else if constexpr (IsOptional<T>)
        value ? write_json(out, *value) : void(out += "null");
    else if constexpr (IsTextMap<T>)
        write_object(out, value);
    else if constexpr (IsPair<T>) {
        out += '[';
        write_json(out, value.first);
        out += ',';
        write_json(out, value.second);
        out += ']';
    } else if constexpr (IsDescribed<T>)
        write_members(out, value);
    else
        write_items(out, value);
}

template <class T>
bool read_value(const boost::json::value& from, T& into, JsonProblem& problem) {
    if constexpr (std::is_same_v<T, bool>) {
        if (!from.is_bool()) return problem.expected("true or false");
        return into = from.get_bool(), true;
    } else if constexpr (std::integral<T>) {
        return read_integer(from, into, problem);
    } else if constexpr (std::is_same_v<T, Duration>) {
        Duration::rep count = 0;
        if (!read_integer(from, count, problem)) return false;
        return into = Duration(count), true;
    } else if constexpr (IsOptional<T>) {
        if (from.is_null()) return into.reset(), true;
        return read_json(from, into.emplace(), problem);
    } else if constexpr (IsTextMap<T>) {
        return read_object(from, into, problem);
    } else if constexpr (IsPair<T>) {
        return read_pair(from, into, problem);
    } else if constexpr (IsDescribed<T>) {
        return read_members(from, into, problem);
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Time> || IsId<T> ||
                         IsEnum<T>) {
        return read_text(from, into, problem);
    } else {
        return read_array(from, into, problem);
    }
}

}  // namespace json_detail

template <class T>
void write_json(std::string& out, const T& value) {
    json_detail::write_value(out, value);
}

template <class T>
bool read_json(const boost::json::value& from, T& into, JsonProblem& problem) {
    return json_detail::read_value(from, into, problem);
}

}  // namespace ringrift::bus
