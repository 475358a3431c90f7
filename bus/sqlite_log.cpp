#include "bus/sqlite_log.hpp"

#include <cerrno>
#include <cstring>

#include "bus/codec.hpp"

namespace ringrift::bus {
namespace {

constexpr int schema_version = 1;
constexpr int busy_ms = 1000;  // Only a person with the sqlite3 program can hold the write lock.

// `noun`, `about` and `type` stand in the event too; here they are what GET /events asks for.
constexpr const char* create_sql = R"(
    BEGIN IMMEDIATE;
    CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        noun TEXT NOT NULL,
        about TEXT NOT NULL,
        type TEXT NOT NULL,
        event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_noun ON events (noun);
    CREATE INDEX events_by_about ON events (about);
    CREATE INDEX events_by_type ON events (type);
    PRAGMA user_version = 1;
    COMMIT;
)";

/// Errors of the file system that mean "no room", which SQLite knows only as I/O errors.
bool is_no_room(int sqlite_error, int system_error) {
    if ((sqlite_error & 0xff) == SQLITE_FULL) return true;
    return (sqlite_error & 0xff) == SQLITE_IOERR &&
           (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG);
}

bool is_broken(int sqlite_error) {
    const int kind = sqlite_error & 0xff;
    return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

}  // namespace

SqliteLog::SqliteLog(LockFile lock, std::string path, std::string cluster)
    : lock_(std::move(lock)), path_(std::move(path)), cluster_(std::move(cluster)) {}

Result<std::unique_ptr<SqliteLog>, OpenError> SqliteLog::open(const std::string& path,
                                                              std::string cluster) {
    auto lock = LockFile::acquire(path + ".lock");
    if (!lock) {
        const LockRefused& refused = lock.error();
        if (!refused.held) return OpenError{OpenError::Why::not_writable, refused.sentence};
        return OpenError{OpenError::Why::locked,
                         refused.sentence + "; stop it, or choose another data directory"};
    }
    auto log = std::unique_ptr<SqliteLog>(
        new SqliteLog(std::move(lock).value(), path, std::move(cluster)));
    if (auto error = log->prepare()) return *error;
    auto reader = SqliteReader::open(path, log->news_);
    if (!reader) return reader.error();
    log->own_reader_ = std::move(reader).value();
    return log;
}

std::optional<OpenError> SqliteLog::prepare() {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (connection_.open(path_, flags, busy_ms) != SQLITE_OK) return open_error();
    const bool configured = connection_.execute("PRAGMA journal_mode = WAL") == SQLITE_OK &&
                            connection_.execute("PRAGMA synchronous = FULL") == SQLITE_OK;
    if (!configured) return open_error();
    if (auto error = create_or_check_schema()) return error;
    insert_ = connection_.prepare(
        "INSERT INTO events (position, id, noun, about, type, event) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING");
    find_ = connection_.prepare("SELECT position FROM events WHERE id = ?");
    if (!insert_ || !find_) return open_error();
    return {};
}

std::optional<OpenError> SqliteLog::create_or_check_schema() {
    const std::int64_t version = connection_.integer("PRAGMA user_version", -1);
    if (version == schema_version) return {};
    if (version > schema_version) {
        return OpenError{OpenError::Why::newer, path_ + " has version " + std::to_string(version) +
                                                    ", this program knows " +
                                                    std::to_string(schema_version) +
                                                    "; run the newer program"};
    }
    const std::int64_t tables = connection_.integer("SELECT count(*) FROM sqlite_schema", -1);
    if (version < 0 || tables < 0) return open_error();
    if (tables > 0) {
        return OpenError{OpenError::Why::damaged, path_ +
                                                      " is another program's database; "
                                                      "choose another data directory"};
    }
    if (connection_.execute(create_sql) != SQLITE_OK) return open_error();
    return {};
}

OpenError SqliteLog::open_error() {
    const int error = connection_.error();
    const std::string problem = path_ + ": " + connection_.message();
    if (is_no_room(error, connection_.system_error())) {
        return {OpenError::Why::full, problem + "; free some room on the disk"};
    }
    if (is_broken(error)) {
        return {OpenError::Why::damaged, problem + "; restore it, or move it away to begin anew"};
    }
    if ((error & 0xff) == SQLITE_BUSY) {
        return {OpenError::Why::locked, problem + "; another program has it open"};
    }
    return {OpenError::Why::not_writable, problem};
}

Result<Appended, AppendError> SqliteLog::append(std::span<const Event> events) {
    trouble_.clear();
    std::vector<std::string> texts;
    for (const Event& event : events) {
        if (event.id.empty()) return refuse(AppendError::refused, "an event has no id");
        texts.push_back(encode(event, cluster_));
        if (texts.back().size() <= event_bytes_max) continue;
        return refuse(AppendError::too_large, "event " + event.id.value + " is larger than 1 MiB");
    }
    Appended appended;
    if (events.empty()) return appended;
    if (connection_.execute("BEGIN IMMEDIATE") != SQLITE_OK) return give_up();
    if (!last_) {
        const std::int64_t last =
            connection_.integer("SELECT coalesce(max(position), 0) FROM events", -1);
        if (last < 0) return give_up();
        last_ = static_cast<Position>(last);
    }
    Position end = *last_;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto position = insert(events[i], texts[i], end + 1);
        if (!position) return give_up();
        end = std::max(end, *position);
        appended.positions.push_back(*position);
    }
    if (connection_.execute("COMMIT") != SQLITE_OK) return give_up();
    const bool is_news = end > *std::exchange(last_, end);
    if (is_news) news_.tell();
    return appended;
}

std::optional<Position> SqliteLog::insert(const Event& event, std::string_view text,
                                          Position next) {
    insert_.bind(1, static_cast<std::int64_t>(next));
    insert_.bind(2, std::string_view(event.id.value));
    insert_.bind(3, noun_of(event));
    insert_.bind(4, about(event));
    insert_.bind(5, type_of(event));
    insert_.bind(6, text);
    if (insert_.step() != SQLITE_DONE) return {};
    if (connection_.changes() == 1) return next;
    find_.bind(1, std::string_view(event.id.value));
    if (find_.step() != SQLITE_ROW) return {};
    const auto known = static_cast<Position>(find_.integer(0));
    find_.reset();
    return known;
}

/// Undoes the transaction. What a failed COMMIT left is looked up before the next append.
AppendError SqliteLog::give_up() {
    const int error = connection_.error();
    const int system_error = connection_.system_error();
    trouble_ = "cannot write " + path_ + ": " + connection_.message();
    if ((error & 0xff) == SQLITE_IOERR && system_error != 0) {
        trouble_ += std::string(" (") + std::strerror(system_error) + ")";
    }
    last_.reset();
    if (connection_.in_transaction()) connection_.execute("ROLLBACK");
    if (is_no_room(error, system_error)) return AppendError::full;
    const int kind = error & 0xff;
    const bool denied = kind == SQLITE_READONLY || kind == SQLITE_PERM || kind == SQLITE_AUTH ||
                        kind == SQLITE_CANTOPEN || is_broken(error);
    return denied ? AppendError::refused : AppendError::unavailable;
}

AppendError SqliteLog::refuse(AppendError error, std::string sentence) {
    trouble_ = std::move(sentence);
    return error;
}

Result<Batch, ReadError> SqliteLog::read(Position after, std::size_t count_max) {
    auto batch = own_reader_->read(after, count_max);
    trouble_ = own_reader_->trouble();
    return batch;
}

Result<Position, ReadError> SqliteLog::last() {
    auto last = own_reader_->last();
    trouble_ = own_reader_->trouble();
    return last;
}

void SqliteLog::on_news(std::function<void()> wake) {
    own_reader_->on_news(std::move(wake));
}

std::string SqliteLog::trouble() const {
    return trouble_;
}

Result<std::unique_ptr<SqliteReader>, OpenError> SqliteLog::reader() {
    return SqliteReader::open(path_, news_);
}

}  // namespace ringrift::bus
