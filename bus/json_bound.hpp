#pragma once

// How long `to_json(value)` can be, without writing it.

#include "bus/json_kinds.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

inline constexpr std::size_t json_scalar_bytes_max = 26;   // "2025-12-28T10:00:00.123Z" in quotes.
inline constexpr std::size_t json_bytes_per_byte_max = 6;  // A control character: \u001f.

template <class T>
std::size_t json_bytes_at_most(const T& value) {
    if constexpr (std::is_same_v<T, std::string> || json_detail::IsId<T>) {
        return json_detail::key_text(value).size() * json_bytes_per_byte_max + 2;
    } else if constexpr (json_detail::IsOptional<T>) {
        return value ? json_bytes_at_most(*value) : json_scalar_bytes_max;
    } else if constexpr (json_detail::IsPair<T>) {
        return json_bytes_at_most(value.first) + json_bytes_at_most(value.second) + 3;
    } else if constexpr (json_detail::IsList<T> || json_detail::IsArray<T>) {
        std::size_t bytes = 2;
        for (const auto& item : value) bytes += json_bytes_at_most(item) + 1;
        return bytes;
    } else if constexpr (json_detail::IsDescribed<T>) {
        std::size_t bytes = 2;
        boost::mp11::mp_for_each<json_detail::Members<T>>([&](auto member) {
            bytes += std::string_view(member.name).size() + 4 +
                     json_bytes_at_most(value.*member.pointer);
        });
        return bytes;
    } else {
        return json_scalar_bytes_max;  // Numbers, times, and the names of enums.
    }
}

}  // namespace ringrift::bus
