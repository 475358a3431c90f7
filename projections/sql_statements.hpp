#pragma once

// Rows into tables: one statement for as many rows as there are, whose columns travel as arrays.
//
// The statements are made from the names in projections/sql_tables.cpp alone; values are
// parameters.

#include "projections/postgres.hpp"
#include "projections/sql_table.hpp"

namespace ringrift::projections {

/// Throws what `work` throws.
void write_change(PostgresWork& work, const SqlChange& change);

/// For tests: how the rows of a table are read back as the cells that were written, by key.
std::string select_statement(const SqlTable& table);

}  // namespace ringrift::projections
