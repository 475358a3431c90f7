#pragma once

// Filling the tables anew beside the live ones, and putting them in their place.
//
// The new tables stand in a schema of their own, `<schema>_next`, with a position of their own: who
// is killed while filling them goes on where it was. The swap is two renames in one transaction, so
// readers see the old tables or the new ones. Grants go with the old: see migrations/README.md.

#include "projections/postgres_store.hpp"

namespace ringrift::projections {

PostgresAddress next_to(const PostgresAddress& live);

/// The tables beside the live ones: those of a rebuild that did not end, if they are of this
/// format, else empty ones. `program` is its version.
PostgresResult<std::unique_ptr<PostgresStore>> open_next(const PostgresAddress& live,
                                                         std::string_view program);

/// What a rebuild left is of no use.
PostgresResult<bus::Done> drop_next(const PostgresAddress& live);

/// The new tables become the live ones, and what was live is dropped.
PostgresResult<bus::Done> swap_in_next(const PostgresAddress& live);

}  // namespace ringrift::projections
