#include "projections/sql_statements.hpp"

#include "projections/sql_tables.hpp"

namespace ringrift::projections {
namespace {

/// Of one statement; PostgreSQL takes 1 GiB, and builds it all in memory.
constexpr std::size_t bytes_per_statement = 16 * 1024 * 1024;

std::string_view sql_name(SqlType type) {
    switch (type) {
        case SqlType::text: return "text";
        case SqlType::integer: return "bigint";
        case SqlType::truth: return "boolean";
        case SqlType::time: return "timestamptz";
        case SqlType::json: return "json";
    }
    return "text";
}

template <class Text>
std::string joined(std::span<const SqlColumn> columns, const Text& text_of) {
    std::string text;
    for (const SqlColumn& column : columns) text += (text.empty() ? "" : ", ") + text_of(column);
    return text;
}

std::string names_of(std::span<const SqlColumn> columns, const std::string& prefix = "") {
    return joined(columns, [&](const SqlColumn& c) { return prefix + std::string(c.name); });
}

/// unnest($1::text[], $2::bigint[], …)
std::string unnest(std::span<const SqlColumn> columns) {
    int number = 0;
    return "unnest(" +
           joined(columns,
                  [&](const SqlColumn& column) {
                      return "$" + std::to_string(++number) +
                             "::" + std::string(sql_name(column.type)) + "[]";
                  }) +
           ")";
}

std::string upsert_statement(const SqlTable& table) {
    const auto keys = table.columns.first(table.key_columns);
    const auto others = table.columns.subspan(table.key_columns);
    const std::string change = joined(others, [](const SqlColumn& column) {
        return std::string(column.name) + " = excluded." + std::string(column.name);
    });
    return "insert into " + std::string(table.name) + " (" + names_of(table.columns) +
           ") select * from " + unnest(table.columns) + " on conflict (" + names_of(keys) + ") " +
           (others.empty() ? "do nothing" : "do update set " + change);
}

/// What is said of rows that are gone: `columns` are those of the key that name them.
std::string gone_statement(const SqlTable& table, std::span<const SqlColumn> columns) {
    const std::string name(table.name);
    const std::string gone = unnest(columns) + " as gone(" + names_of(columns) + ") where (" +
                             names_of(columns, "kept.") + ") = (" + names_of(columns, "gone.") +
                             ")";
    if (table.when_gone == WhenGone::erased) return "delete from " + name + " kept using " + gone;
    return "update " + name + " kept set in_view = false from " + gone;
}

/// PostgreSQL's text form of an array.
class ArrayText {
  public:
    void add(const SqlCell& cell) {
        text_ += text_.empty() ? '{' : ',';
        if (!cell) {
            text_ += "NULL";
            return;
        }
        text_ += '"';
        for (const char letter : *cell) {
            if (letter == '"' || letter == '\\') text_ += '\\';
            text_ += letter;
        }
        text_ += '"';
    }
    std::size_t size() const { return text_.size(); }
    std::string take() { return std::exchange(text_, {}) + "}"; }

  private:
    std::string text_;
};

void run_for(PostgresWork& work, const std::string& statement, const std::vector<SqlRow>& rows) {
    if (rows.empty()) return;
    std::vector<ArrayText> arrays(rows.front().cells.size());
    const auto flush = [&] {
        std::vector<std::string> texts;
        std::vector<PostgresWork::Value> values;
        for (ArrayText& array : arrays) texts.push_back(array.take());
        for (const std::string& text : texts) values.push_back(text.c_str());
        work.run(statement, values);
    };
    std::size_t bytes = 0;
    for (const SqlRow& row : rows) {
        for (std::size_t i = 0; i < arrays.size(); ++i) {
            arrays[i].add(row.cells[i]);
            bytes += row.cells[i] ? row.cells[i]->size() : 0;
        }
        if (bytes < bytes_per_statement) continue;
        flush();
        bytes = 0;
    }
    if (arrays.front().size() > 0) flush();
}

}  // namespace

void write_change(PostgresWork& work, const SqlChange& change) {
    const SqlTable& table = *change.table;
    if (!change.gone.empty()) {
        const auto columns = table.columns.first(change.gone.front().cells.size());
        run_for(work, gone_statement(table, columns), change.gone);
    }
    run_for(work, upsert_statement(table), change.rows);
}

std::string select_statement(const SqlTable& table) {
    const auto text_of = [](const SqlColumn& column) -> std::string {
        const std::string name(column.name);
        switch (column.type) {
            case SqlType::truth: return "case when " + name + " then 't' else 'f' end";
            case SqlType::time:
                return "to_char(" + name + " at time zone 'UTC', " +
                       R"('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))";
            case SqlType::text:
            case SqlType::integer:
            case SqlType::json: break;
        }
        return name + "::text";
    };
    return "select " + joined(table.columns, text_of) + " from " + std::string(table.name);
}

}  // namespace ringrift::projections
