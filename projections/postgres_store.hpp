#pragma once

// The tables of a cluster in PostgreSQL: written portion by portion, with the position in the same
// transaction, so that a portion is there once in effect, whoever is killed when.
//
// `write` moves the position from where the portion begins to where it ends, or does nothing: if
// somebody else has moved it, that is `moved`. After a trouble open another store and `load`.
// One thread at a time; `interrupt` is for any. No clock: PostgreSQL says when.

#include <memory>
#include <string>

#include "projections/postgres.hpp"
#include "projections/sql_projection.hpp"

namespace ringrift::projections {

/// What folds and rows are; tables of another format are filled anew
/// (projections/postgres_rebuild).
std::string tables_format();
bool is_newer_format(const std::string& format);

struct Stored {
    bus::Position position = 0;
    std::string event = {};    ///< Id of the event there; empty before the first.
    std::string cluster = {};  ///< Empty before the first.
    std::string format = {};   ///< Empty before the first.
};

class PostgresStore {
  public:
    /// Connects, and asks whether the tables are those of this program.
    static PostgresResult<std::unique_ptr<PostgresStore>> open(const PostgresAddress& address);

    PostgresResult<Stored> load();
    PostgresResult<bus::Done> write(const Portion& portion, const std::string& cluster);

    /// Any thread.
    void interrupt() { postgres_->interrupt(); }

  private:
    explicit PostgresStore(std::unique_ptr<Postgres> postgres) : postgres_(std::move(postgres)) {}

    std::unique_ptr<Postgres> postgres_;
    bus::Position room_ = 0;  ///< There are partitions for the events up to here.
};

}  // namespace ringrift::projections
