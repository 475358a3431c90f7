#pragma once

// A connection to PostgreSQL: the one place that knows libpqxx, and which of its versions this is.
//
// Statements are constants of this program; values travel as parameters or as COPY data, never as
// part of a statement, so nothing that a name holds can be taken for SQL. A connection that was
// lost stays lost: open another. Belongs to one thread; only `interrupt` may be called from any.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bus/result.hpp"

namespace ringrift::projections {

struct PostgresTrouble {
    enum class Why {
        unavailable,  ///< Not reached, starting, stopping, full or busy. Try again later; it is not
                      ///< known whether a transaction that was being committed was.
        refused,      ///< Wrong password, no such database, no right to do it. A person must look.
        unfit,        ///< The tables are missing, changed, newer, or another log's; the sentence
                      ///< says what to do.
        moved,    ///< Somebody else has written these tables meanwhile. Load the position again.
        rejected  ///< It takes neither the statement nor its values: a bug, or altered tables.
    };
    Why why = Why::unavailable;
    std::string sentence = {};  ///< For a person; never holds a password.
};

template <class T>
using PostgresResult = bus::Result<T, PostgresTrouble>;

struct PostgresAddress {
    std::string url = {};  ///< postgresql://user@host:5432/database, or `host=… dbname=…`.
    std::string schema = "ringrift";  ///< Holds all tables; see `is_schema_name`.
};

/// Lower-case letters, digits and underscores, beginning with a letter, at most 40: it stands in
/// statements as it is.
bool is_schema_name(std::string_view name);

/// Why the text is no address; empty when it is one. Asks nobody.
std::string problem_of_url(const std::string& url);

/// The same address without its password, for people: postgresql://user@host:5432/database.
std::string without_password(const std::string& url);

/// What a transaction may do. Throws what libpqxx throws; `Postgres::transact` catches it.
class PostgresWork {
  public:
    using Value = const char*;  ///< Null is NULL. UTF-8 without NUL bytes.
    struct Rows {
        std::vector<std::vector<std::optional<std::string>>> rows = {};
        std::size_t affected = 0;
    };

    /// libpqxx 6 must know when compiled how many columns a COPY has; we copy into one table.
    static constexpr std::size_t copy_columns = 11;
    using CopyColumns = std::array<std::string, copy_columns>;
    using CopyRow = std::array<Value, copy_columns>;

    virtual ~PostgresWork() = default;
    /// One statement with its parameters $1, $2 ….
    virtual Rows run(const std::string& sql, std::span<const Value> values = {}) = 0;
    /// Statements of ours without parameters: migrations, schemas.
    virtual void script(const std::string& sql) = 0;
    /// Calls `row_at(i, row)` for each of `count` rows, which fills in the values; they need to
    /// live until the next call.
    virtual void copy(const std::string& table, const CopyColumns& columns, std::size_t count,
                      const std::function<void(std::size_t, CopyRow&)>& row_at) = 0;
};

class Postgres {
  public:
    /// Waits at most a few seconds.
    static PostgresResult<std::unique_ptr<Postgres>> open(const PostgresAddress& address);

    virtual ~Postgres() = default;
    /// All that `body` does, or nothing of it. What `body` returns, unless it is done, undoes it
    /// and is returned.
    virtual PostgresResult<bus::Done> transact(
        const std::function<PostgresResult<bus::Done>(PostgresWork&)>& body) = 0;
    /// What is being waited for fails soon. Any thread.
    virtual void interrupt() = 0;
};

}  // namespace ringrift::projections
