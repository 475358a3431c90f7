#pragma once

// A database that is a map: takes portions as PostgreSQL does, and says where it differs from what
// a view tells.

#include <map>
#include <sstream>
#include <string>

#include "projections/sql_projection.hpp"
#include "projections/sql_tables.hpp"

namespace ringrift::tests {

inline std::string text_of(const projections::SqlRow& row) {
    std::ostringstream text;
    for (const auto& cell : row.cells) text << (cell ? "'" + *cell + "'" : "NULL") << ' ';
    return text.str();
}

class SqlModel {
  public:
    using Row = projections::SqlRow;
    using Table = projections::SqlTable;
    using Rows = std::map<Row, Row>;  ///< By key.

    static Row key_of(const Table& table, const Row& row, std::size_t columns = 0) {
        const auto count = columns == 0 ? table.key_columns : columns;
        return {.cells = {row.cells.begin(), row.cells.begin() + std::ptrdiff_t(count)}};
    }

    void write(const projections::Portion& portion) {
        for (const auto& change : portion.changes) {
            Rows& rows = tables_[change.table];
            for (const Row& gone : change.gone) leave(*change.table, rows, gone);
            for (const Row& row : change.rows) {
                rows.insert_or_assign(key_of(*change.table, row), row);
            }
        }
    }
    void put(const Table& table, Row row) {
        tables_[&table].insert_or_assign(key_of(table, row), std::move(row));
    }
    const Rows& rows(const Table& table) { return tables_[&table]; }

    /// Empty when every row that the view tells is here as it is, and no other but history.
    std::string problem(const projections::ClusterView& view) {
        auto told = projections::rows_of_all(view);
        for (const Table* table : projections::sql_tables()) {
            Rows expected;
            for (Row& row : told[table]) {
                if (projections::has_fit_key(*table, row))
                    expected.emplace(key_of(*table, row), row);
            }
            const Rows found = present(*table);
            for (const auto& [key, row] : expected) {
                const auto at = found.find(key);
                if (at == found.end()) return problem_of(*table, "lacks", row);
                if (at->second != row) {
                    return problem_of(*table, "has", at->second) + "\ninstead of " + text_of(row);
                }
            }
            const bool only_history =
                table == &projections::sql::leaders || table == &projections::sql::matches;
            if (only_history) continue;
            for (const auto& [key, row] : found) {
                if (!expected.contains(key)) return problem_of(*table, "should not have", row);
            }
        }
        return {};
    }

  private:
    void leave(const Table& table, Rows& rows, const Row& gone) {
        for (auto at = rows.begin(); at != rows.end();) {
            const bool is_it = key_of(table, at->second, gone.cells.size()) == gone;
            if (is_it && table.when_gone == projections::WhenGone::kept)
                at->second.cells.back() = "f";
            at = is_it && table.when_gone == projections::WhenGone::erased ? rows.erase(at)
                                                                           : std::next(at);
        }
    }
    /// Without former items and ended jobs.
    Rows present(const Table& table) {
        Rows found = tables_[&table];
        std::erase_if(found, [&](const auto& entry) {
            const auto& cells = entry.second.cells;
            if (table.columns.back().name == "in_view") return cells.back() == "f";
            return &table == &projections::sql::jobs && cells[7].has_value();
        });
        return found;
    }
    static std::string problem_of(const Table& table, const std::string& what, const Row& row) {
        return std::string(table.name) + " " + what + " " + text_of(row);
    }

    std::map<const Table*, Rows> tables_;
};

}  // namespace ringrift::tests
