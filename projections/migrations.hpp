#pragma once

// The SQL files of migrations/, which are part of the program, and how they come to a database.
//
// Forward only: a file once applied never changes, and a database that knows more files than this
// program is refused. All that are missing are applied in one transaction under a lock, so two who
// migrate at once, or one who is killed, leave it done or not done.

#include <span>
#include <string_view>
#include <vector>

#include "projections/postgres.hpp"

namespace ringrift::projections {

struct Migration {
    int number = 0;
    std::string_view name = {};      ///< e.g. 0004_nodes
    std::string_view checksum = {};  ///< SHA-256 of the file, hexadecimal.
    std::string_view sql = {};
};

/// Rising, from 1, without gaps.
std::span<const Migration> migrations();

struct MigrationState {
    const Migration* migration = nullptr;
    bool was_applied = false;  ///< Before; the others are applied now, or only listed.
};

enum class MigrateHow { apply, list };

/// Makes the schema of `address` too. What stands in the way is `unfit`.
PostgresResult<std::vector<MigrationState>> migrate(Postgres& postgres,
                                                    const PostgresAddress& address,
                                                    std::string_view program, MigrateHow how);

/// Done when exactly the files of this program are applied; else `unfit`, with what to do.
PostgresResult<bus::Done> check_migrations(PostgresWork& work, const PostgresAddress& address);

}  // namespace ringrift::projections
