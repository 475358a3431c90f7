#pragma once

// The least of SQLite that we need, as values that close what they open.
//
// A connection belongs to one thread, and its statements end before it. Results are SQLite's own
// codes, extended ones; what they mean is for the caller to say.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace ringrift::bus {

class SqliteStatement {
  public:
    SqliteStatement() = default;
    explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

    explicit operator bool() const { return statement_ != nullptr; }

    /// Parameters count from 1. Texts are held until the next `reset`, so they must live so long.
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view text);

    /// SQLITE_ROW, SQLITE_DONE or an error. After anything but a row, the statement is reset.
    int step();
    void reset();

    /// Columns count from 0.
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;  ///< Until the next step.

  private:
    struct Close {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Close> statement_;
};

class SqliteConnection {
  public:
    SqliteConnection() = default;

    /// SQLITE_OK, or why not. `flags` are SQLite's; waits `busy_ms` for another writer.
    int open(const std::string& path, int flags, int busy_ms);

    /// Runs statements that yield no rows.
    int execute(const char* sql);
    /// Empty when it cannot be prepared; `error` says why.
    SqliteStatement prepare(std::string_view sql);
    /// The first column of the first row, or `otherwise`.
    std::int64_t integer(std::string_view sql, std::int64_t otherwise);

    int changes() const { return sqlite3_changes(connection_.get()); }
    bool in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
    int error() const { return sqlite3_extended_errcode(connection_.get()); }
    /// errno of the last system call on the log or the database file that failed; 0 if none has.
    int system_error() const;
    std::string message() const { return sqlite3_errmsg(connection_.get()); }

  private:
    struct Close {
        void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
    };
    std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace ringrift::bus
