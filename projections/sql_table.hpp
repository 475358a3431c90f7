#pragma once

// A table of the SQL store and a row of it, as far as the program knows them; migrations/ holds the
// truth, and a test compares the two. Plain values; any thread.
//
// A cell is PostgreSQL's text form of a value, or NULL. Text is made fit for PostgreSQL on the way
// in: bytes that are no UTF-8, and NUL, which it cannot hold, become U+FFFD. Two keys might become
// one that way, so a row whose key holds U+FFFD is refused, and counted.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/json_kinds.hpp"
#include "bus/time.hpp"

namespace ringrift::projections {

enum class SqlType { text, integer, truth, time, json };

struct SqlColumn {
    std::string_view name = {};
    SqlType type = SqlType::text;
};

/// What becomes of a row whose thing is no longer in the view.
enum class WhenGone {
    erased,  ///< It goes too.
    kept     ///< It stays as history, with `in_view` false where the table has that column.
};

struct SqlTable {
    std::string_view name = {};
    std::span<const SqlColumn> columns = {};  ///< The key first.
    std::size_t key_columns = 1;
    WhenGone when_gone = WhenGone::erased;
};

using SqlCell = std::optional<std::string>;

struct SqlRow {
    std::vector<SqlCell> cells = {};  ///< As many as columns; of a row that is gone, its key alone.
    friend auto operator<=>(const SqlRow&, const SqlRow&) = default;
};

inline constexpr std::size_t sql_key_bytes_max = 1000;  ///< An index entry takes 2,700 bytes.

/// What changes in one table: at most one entry for each key.
struct SqlChange {
    const SqlTable* table = nullptr;
    std::vector<SqlRow> rows = {};  ///< As they are now.
    std::vector<SqlRow> gone = {};  ///< Keys.
    std::int64_t refused = 0;       ///< Rows whose key PostgreSQL cannot hold.
};

/// Whether PostgreSQL can hold the row's key, and no other row's key looks the same there.
bool has_fit_key(const SqlTable& table, const SqlRow& row);

/// The text, fit for PostgreSQL.
std::string sql_text(std::string_view text);
std::string sql_time(bus::Time time);

inline SqlCell cell_of(std::string_view text) {
    return sql_text(text);
}
template <class Tag>
SqlCell cell_of(const bus::Id<Tag>& id) {
    return sql_text(id.value);
}
template <bus::json_detail::IsEnum Enum>
SqlCell cell_of(Enum value) {
    return std::string(bus::json_detail::enum_name(value));
}
inline SqlCell cell_of(bool value) {
    return value ? "t" : "f";
}
inline SqlCell cell_of(bus::Time time) {
    return sql_time(time);
}
inline SqlCell cell_of(bus::Duration duration) {
    return std::to_string(duration.count());
}
template <std::integral Integer>
requires(!std::same_as<Integer, bool>) SqlCell cell_of(Integer value) {
    // Positions and epochs have 64 bits, PostgreSQL's integers 63.
    constexpr auto most = static_cast<std::uint64_t>(INT64_MAX);
    if constexpr (std::unsigned_integral<Integer>)
        return std::to_string(std::min<std::uint64_t>(value, most));
    else
        return std::to_string(value);
}
template <class T>
SqlCell cell_of(const std::optional<T>& value) {
    return value ? cell_of(*value) : SqlCell();
}

/// NULL where the empty text means that there is none.
template <class Text>
SqlCell cell_unless_empty(const Text& text) {
    return text.empty() ? SqlCell() : cell_of(text);
}
/// NULL where the beginning of time means that it is not set.
inline SqlCell cell_unless_unset(bus::Time time) {
    return time == bus::Time() ? SqlCell() : cell_of(time);
}

}  // namespace ringrift::projections
