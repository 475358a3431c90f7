#pragma once

// The node's own memory in one SQLite file, state.db in the data directory.
//
// One table of names and values, WAL, synchronous=FULL: what `put` acknowledged survives a crash of
// the process and of the machine. Not to be confused with the embedded log (bus/sqlite_log), which
// is the truth; this is what StateManager remembers about itself.

#include <memory>

#include "projections/store.hpp"

struct sqlite3;

namespace ringrift::projections {

class SqliteStore final : public Store {
  public:
    /// Opens or makes the file. The error is a sentence that says what to do.
    static bus::Result<std::unique_ptr<SqliteStore>, std::string> open(const std::string& path);
    ~SqliteStore() override;

    bus::Result<std::optional<std::string>, StoreError> get(std::string_view name) override;
    bus::Result<bus::Done, StoreError> put(std::string_view name, std::string_view value) override;
    std::string trouble() const override { return trouble_; }

  private:
    explicit SqliteStore(sqlite3* database) : database_(database) {}
    StoreError fail(std::string_view doing);

    sqlite3* database_;  ///< Owned.
    std::string trouble_;
};

}  // namespace ringrift::projections
