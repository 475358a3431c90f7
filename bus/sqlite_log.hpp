#pragma once

// The embedded log: one SQLite file, for a cluster of one machine.
//
// WAL with synchronous=FULL: what `append` acknowledged survives kill -9 and loss of power. One
// call to `append` is one transaction and one fsync, so callers gather what they have; all of it is
// written or nothing. A lock file beside it keeps a second process out for as long as this lives.
//
// SqliteLog belongs to one thread. `reader` opens a second, read-only connection for another one;
// readers end before the log does.

#include <memory>
#include <optional>
#include <string>

#include "bus/lock_file.hpp"
#include "bus/log.hpp"
#include "bus/news_board.hpp"
#include "bus/sqlite_reader.hpp"

namespace ringrift::bus {

class SqliteLog final : public Log {
  public:
    /// Opens the log at `path`, or makes it. The folder must be there.
    static Result<std::unique_ptr<SqliteLog>, OpenError> open(const std::string& path,
                                                              std::string cluster = "main");

    Result<Appended, AppendError> append(std::span<const Event> events) override;
    Result<Batch, ReadError> read(Position after, std::size_t count_max) override;
    Result<Position, ReadError> last() override;
    void on_news(std::function<void()> wake) override;
    std::string trouble() const override;

    /// For another thread; may be called on it.
    Result<std::unique_ptr<SqliteReader>, OpenError> reader();

  private:
    SqliteLog(LockFile lock, std::string path, std::string cluster);
    std::optional<OpenError> prepare();
    std::optional<OpenError> create_or_check_schema();
    OpenError open_error();
    /// Position of the event, old or new; empty when SQLite failed.
    std::optional<Position> insert(const Event& event, std::string_view text, Position next);
    AppendError give_up();
    AppendError refuse(AppendError error, std::string sentence);

    const LockFile lock_;
    const std::string path_;
    const std::string cluster_;
    NewsBoard news_;
    SqliteConnection connection_;
    SqliteStatement insert_;
    SqliteStatement find_;
    std::optional<Position>
        last_;  ///< Empty when it is not known: before the first, after an error.
    std::unique_ptr<SqliteReader> own_reader_;  ///< What this thread reads with.
    std::string trouble_;
};

}  // namespace ringrift::bus
