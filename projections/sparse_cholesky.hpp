// Solves A x = b, and finds the diagonal of A's inverse, for a symmetric positive definite A most
// of whose entries are zero; projections/rating_solver.hpp needs both, for pools where few have
// met.
//
// A = L D L^T with the rows eliminated in order of minimum degree (A. George, J. Liu, "The
// Evolution of the Minimum Degree Ordering Algorithm", 1989); the inverse on L's pattern by
// Takahashi's recursion (K. Takahashi, J. Fagan, M. Chen, 1973). Ties go to the lower index, so the
// same matrix always gives the same bits. A chain of n costs O(n), a full matrix n^3 / 6
// multiplications. Plain values without locks: one thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringrift::projections {

/// A symmetric matrix: its diagonal, and each entry below the diagonal that is not zero.
struct SparseSymmetric {
    struct Entry {
        std::size_t row = 0;  ///< Above `column`.
        std::size_t column = 0;
        double value = 0;
    };
    std::vector<double> diagonal;
    std::vector<Entry> entries;  ///< Each (row, column) at most once.
};

/// The factor of matrices with one pattern: `make` once, `factor` for each set of values.
class SparseCholesky {
  public:
    /// The order of elimination for `pattern`; nothing if factoring would take more than
    /// `multiplications_max` multiplications, found out in bounded time.
    static std::optional<SparseCholesky> make(const SparseSymmetric& pattern,
                                              std::uint64_t multiplications_max);

    /// REQUIRES: the entries of `make`, in the same order, with any values. False if the matrix is
    /// not positive definite; then nothing else may be called.
    [[nodiscard]] bool factor(const SparseSymmetric& matrix);

    /// REQUIRES: factored; as many values as the matrix has rows.
    [[nodiscard]] std::vector<double> solve(const std::vector<double>& right_side) const;

    /// REQUIRES: factored.
    [[nodiscard]] std::vector<double> inverse_diagonal() const;

  private:
    struct Column {
        std::vector<std::size_t>
            rows;                    ///< Places in the order of elimination, rising, after its own.
        std::vector<double> values;  ///< Of L, one per row.
    };

    std::vector<std::size_t> place_;  ///< By index: the place in the order of elimination.
    std::vector<Column> columns_;     ///< By place.
    std::vector<double> pivots_;      ///< By place: D.
};

}  // namespace ringrift::projections
