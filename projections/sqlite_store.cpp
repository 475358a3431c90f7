#include "projections/sqlite_store.hpp"

#include <sqlite3.h>

namespace ringrift::projections {
namespace {

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Statement prepare(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    return Statement(statement);
}

bool bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
    return sqlite3_bind_blob64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT) ==
           SQLITE_OK;
}

constexpr const char* schema =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;"
    "CREATE TABLE IF NOT EXISTS memory(name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";

}  // namespace

bus::Result<std::unique_ptr<SqliteStore>, std::string> SqliteStore::open(const std::string& path) {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    std::unique_ptr<SqliteStore> store(new SqliteStore(database));
    const bool ready = opened == SQLITE_OK &&
                       sqlite3_exec(database, schema, nullptr, nullptr, nullptr) == SQLITE_OK;
    if (ready) return store;
    const int code = sqlite3_errcode(database);
    const std::string problem = sqlite3_errmsg(database);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
        return path + " is not a store of RingRift (" + problem +
               "); move it away: the log rebuilds what it held";
    }
    return path + " cannot be used: " + problem + "; check the folder's permissions and free space";
}

SqliteStore::~SqliteStore() {
    sqlite3_close(database_);
}

bus::Result<std::optional<std::string>, StoreError> SqliteStore::get(std::string_view name) {
    const Statement statement = prepare(database_, "SELECT value FROM memory WHERE name = ?");
    if (!statement || !bind_text(statement.get(), 1, name)) return fail("read");
    trouble_.clear();
    const int step = sqlite3_step(statement.get());
    if (step == SQLITE_DONE) return std::optional<std::string>();
    if (step != SQLITE_ROW) return fail("read");
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement.get(), 0));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
    return std::optional<std::string>(bytes == nullptr ? std::string() : std::string(bytes, size));
}

bus::Result<bus::Done, StoreError> SqliteStore::put(std::string_view name, std::string_view value) {
    const Statement statement = prepare(
        database_, "INSERT INTO memory VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2");
    if (!statement || !bind_text(statement.get(), 1, name) ||
        !bind_text(statement.get(), 2, value)) {
        return fail("write");
    }
    if (sqlite3_step(statement.get()) != SQLITE_DONE) return fail("write");
    trouble_.clear();
    return bus::Done{};
}

StoreError SqliteStore::fail(std::string_view doing) {
    trouble_ = "cannot " + std::string(doing) + " state.db: " + sqlite3_errmsg(database_);
    const int code = sqlite3_errcode(database_);
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? StoreError::damaged
                                                           : StoreError::unavailable;
}

}  // namespace ringrift::projections
