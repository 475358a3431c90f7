#include "bus/sqlite_reader.hpp"

#include <limits>

#include "bus/codec.hpp"

namespace ringrift::bus {
namespace {

constexpr int reader_busy_ms =
    1000;  // WAL readers wait for nobody, but for a recovery after a crash.

std::int64_t as_limit(std::size_t count) {
    constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(count, most));
}

/// One index leads (the most selective field that is asked for); `+` keeps SQLite from another.
std::string filter_sql(const EventFilter& filter) {
    std::string where;
    const auto ask = [&](std::string_view column, const std::string& value) {
        if (value.empty()) return;
        where.append(where.empty() ? " " : " AND +").append(column).append(" = ? ");
    };
    ask("about", filter.about);
    ask("type", filter.type);
    ask("noun", filter.noun);
    return "SELECT position, event FROM events WHERE" + where + (where.empty() ? " " : "AND ") +
           "position > ? ORDER BY position LIMIT ?";
}

}  // namespace

SqliteReader::SqliteReader(SqliteConnection connection, NewsBoard& news)
    : news_(news), connection_(std::move(connection)) {}

SqliteReader::~SqliteReader() {
    news_.set(this, {});
}

Result<std::unique_ptr<SqliteReader>, OpenError> SqliteReader::open(const std::string& path,
                                                                    NewsBoard& news) {
    SqliteConnection connection;
    const int result = connection.open(path, SQLITE_OPEN_READONLY, reader_busy_ms);
    if (result != SQLITE_OK) {
        return OpenError{.why = OpenError::Why::not_writable,
                         .sentence = "cannot read " + path + ": " + sqlite3_errstr(result)};
    }
    auto reader = std::unique_ptr<SqliteReader>(new SqliteReader(std::move(connection), news));
    reader->page_ = reader->connection_.prepare(filter_sql({}));
    if (!reader->page_) {
        return OpenError{.why = OpenError::Why::damaged,
                         .sentence = "cannot read " + path + ": " + reader->connection_.message()};
    }
    return reader;
}

Result<Appended, AppendError> SqliteReader::append(std::span<const Event>) {
    trouble_ = "this connection only reads";
    return AppendError::refused;
}

Result<Batch, ReadError> SqliteReader::read(Position after, std::size_t count_max) {
    page_.bind(1, static_cast<std::int64_t>(after));
    page_.bind(2, as_limit(count_max));
    auto batch = rows(page_);
    if (!batch) return batch;
    Position expected = after;
    for (const Recorded& recorded : *batch) {
        if (recorded.position == ++expected) continue;
        return damaged("event " + std::to_string(expected) + " is missing from the log");
    }
    if (!batch->empty()) return batch;
    const auto end = last();
    if (!end) return end.error();
    if (*end >= after) return batch;
    return damaged("the log ends at event " + std::to_string(*end) + ", before event " +
                   std::to_string(after) + " that was read from it");
}

Result<Batch, ReadError> SqliteReader::rows(SqliteStatement& statement) {
    trouble_.clear();
    news_.about_to_read(this);
    Batch batch;
    int result = statement.step();
    for (; result == SQLITE_ROW; result = statement.step()) {
        batch.push_back({.position = static_cast<Position>(statement.integer(0)),
                         .event = decode(statement.text(1))});
    }
    if (result != SQLITE_DONE) return failed();
    return batch;
}

Result<Position, ReadError> SqliteReader::last() {
    const std::int64_t last =
        connection_.integer("SELECT coalesce(max(position), 0) FROM events", -1);
    if (last < 0) return failed();
    return static_cast<Position>(last);
}

void SqliteReader::on_news(std::function<void()> wake) {
    news_.set(this, std::move(wake));
}

Result<Batch, ReadError> SqliteReader::read_filtered(Position after, const EventFilter& filter,
                                                     std::size_t count_max) {
    SqliteStatement statement = connection_.prepare(filter_sql(filter));
    if (!statement) return failed();
    int parameter = 0;
    for (const std::string* value : {&filter.about, &filter.type, &filter.noun}) {
        if (!value->empty()) statement.bind(++parameter, std::string_view(*value));
    }
    statement.bind(++parameter, static_cast<std::int64_t>(after));
    statement.bind(++parameter, as_limit(count_max));
    return rows(statement);
}

ReadError SqliteReader::failed() {
    const int error = connection_.error();
    trouble_ = "cannot read the log: " + connection_.message();
    const int kind = error & 0xff;
    const bool broken = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_ERROR;
    return broken ? ReadError::damaged : ReadError::unavailable;
}

ReadError SqliteReader::damaged(std::string sentence) {
    trouble_ = std::move(sentence);
    return ReadError::damaged;
}

}  // namespace ringrift::bus
