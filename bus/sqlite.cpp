#include "bus/sqlite.hpp"

namespace ringrift::bus {

void SqliteStatement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), parameter, value);
}

void SqliteStatement::bind(int parameter, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), parameter, text.empty() ? "" : text.data(), text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
}

int SqliteStatement::step() {
    const int result = sqlite3_step(statement_.get());
    if (result != SQLITE_ROW) sqlite3_reset(statement_.get());
    return result;
}

void SqliteStatement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return text == nullptr ? std::string_view()
                           : std::string_view(text, static_cast<std::size_t>(size));
}

int SqliteConnection::open(const std::string& path, int flags, int busy_ms) {
    sqlite3* connection = nullptr;
    const int result =
        sqlite3_open_v2(path.c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    connection_.reset(connection);
    if (result != SQLITE_OK) return connection == nullptr ? SQLITE_NOMEM : error();
    sqlite3_extended_result_codes(connection, 1);
    return sqlite3_busy_timeout(connection, busy_ms);
}

int SqliteConnection::execute(const char* sql) {
    return sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
}

SqliteStatement SqliteConnection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                       SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    return SqliteStatement(statement);
}

std::int64_t SqliteConnection::integer(std::string_view sql, std::int64_t otherwise) {
    SqliteStatement statement = prepare(sql);
    return statement && statement.step() == SQLITE_ROW ? statement.integer(0) : otherwise;
}

int SqliteConnection::system_error() const {
    // Asked of the files: sqlite3_system_errno says nothing of a COMMIT that failed.
    for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
        sqlite3_file* file = nullptr;
        int number = 0;
        sqlite3_file_control(connection_.get(), "main", which, &file);
        if (file == nullptr || file->pMethods == nullptr) continue;
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
        if (number != 0) return number;
    }
    return 0;
}

}  // namespace ringrift::bus
