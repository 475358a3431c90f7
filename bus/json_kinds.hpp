#pragma once

// Which kind of field a type is, for bus/json.hpp and whatever else walks described structs.

#include <algorithm>
#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include "bus/ids.hpp"

namespace ringrift::bus::json_detail {

template <class T, template <class...> class Template>
inline constexpr bool is_made_from = false;
template <class... Ts, template <class...> class Template>
inline constexpr bool is_made_from<Template<Ts...>, Template> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
concept IsId = is_made_from<T, Id>;
template <class T>
concept IsOptional = is_made_from<T, std::optional>;
template <class T>
concept IsPair = is_made_from<T, std::pair>;
template <class T>
concept IsArray = is_array<T>;
template <class T>
concept IsMap = is_made_from<T, std::map>;
template <class T>
concept IsEnum = boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept IsDescribed = boost::describe::has_describe_members<T>::value && !std::is_union_v<T>;

/// A std::map, or what is used like one.
template <class T>
concept IsTextMap = requires {
    typename T::mapped_type;
    requires std::is_same_v<typename T::key_type, std::string> || IsId<typename T::key_type>;
};
template <class T>
concept IsList =
    is_made_from<T, std::vector> || is_made_from<T, std::set> || IsMap<T> || IsTextMap<T>;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

/// What a list is made of, without the const of a map's key.
template <class T>
struct ItemOf {
    using type = typename T::value_type;
};
template <IsMap T>
struct ItemOf<T> {
    using type = std::pair<typename T::key_type, typename T::mapped_type>;
};

inline std::string_view key_text(const std::string& key) {
    return key;
}
template <class Tag>
std::string_view key_text(const Id<Tag>& key) {
    return key.value;
}

template <class Key>
Key key_from_text(std::string_view text) {
    return Key{text};
}

/// Whether a text may leave out the field `name`, of type `Field`, of struct `T`.
template <class T, class Field>
constexpr bool may_be_missing(std::string_view name) {
    if constexpr (IsOptional<Field> || IsList<Field>)
        return true;
    else if constexpr (requires { T::may_be_missing; }) {
        return std::ranges::find(T::may_be_missing, name) != T::may_be_missing.end();
    } else
        return false;
}

/// The name on the bus: a C++ keyword is spelled with a trailing underscore here, without it there.
constexpr std::string_view without_underscore(std::string_view name) {
    if (name.ends_with('_')) name.remove_suffix(1);
    return name;
}

template <IsEnum E>
std::string_view enum_name(E value) {
    std::string_view name = "?";
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
        if (enumerator.value == value) name = without_underscore(enumerator.name);
    });
    return name;
}

template <IsEnum E>
std::optional<E> enum_from_name(std::string_view name) {
    std::optional<E> found;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
        if (without_underscore(enumerator.name) == name) found = enumerator.value;
    });
    return found;
}

template <IsEnum E>
std::string enum_names() {
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
        if (!names.empty()) names += ", ";
        names += without_underscore(enumerator.name);
    });
    return names;
}

}  // namespace ringrift::bus::json_detail
