#pragma once

// Reading the embedded log, besides the one who writes it: for the API's thread and for queries.
//
// A read-only connection of its own, so it never waits for the writer. It is a `Log`, to be folded
// as one; `append` is refused. Belongs to one thread.

#include <memory>
#include <string>

#include "bus/log.hpp"
#include "bus/news_board.hpp"
#include "bus/sqlite.hpp"

namespace ringrift::bus {

struct OpenError {
    enum class Why {
        not_writable,  ///< The folder is not there, or the file may not be made or changed.
        damaged,       ///< Not a database, or a broken one, or another program's.
        locked,        ///< Another process has it open.
        full,          ///< No room on the disk.
        newer          ///< Written by a newer version of this program.
    };
    Why why = Why::not_writable;
    std::string sentence = {};  ///< What is wrong and what to do.
};

/// What to read; an empty field asks for nothing. All must hold.
struct EventFilter {
    std::string type = {};   ///< e.g. WORK_CLAIMED
    std::string noun = {};   ///< e.g. work
    std::string about = {};  ///< Id of the thing, e.g. w-7
};

class SqliteReader final : public Log {
  public:
    static Result<std::unique_ptr<SqliteReader>, OpenError> open(const std::string& path,
                                                                 NewsBoard& news);
    ~SqliteReader() override;
    SqliteReader(const SqliteReader&) = delete;
    SqliteReader& operator=(const SqliteReader&) = delete;

    Result<Appended, AppendError> append(std::span<const Event> events) override;
    Result<Batch, ReadError> read(Position after, std::size_t count_max) override;
    Result<Position, ReadError> last() override;
    void on_news(std::function<void()> wake) override;
    std::string trouble() const override { return trouble_; }

    /// Up to `count_max` events after `after` that pass, oldest first; gaps are those that
    /// do not. Each single field of the filter has its index, so the cost is that of what is found,
    /// not of the log's length.
    Result<Batch, ReadError> read_filtered(Position after, const EventFilter& filter,
                                           std::size_t count_max);

  private:
    SqliteReader(SqliteConnection connection, NewsBoard& news);
    Result<Batch, ReadError> rows(SqliteStatement& statement);
    ReadError failed();
    ReadError damaged(std::string sentence);

    NewsBoard& news_;  ///< Outlives this.
    SqliteConnection connection_;
    SqliteStatement page_;
    std::string trouble_;
};

}  // namespace ringrift::bus
