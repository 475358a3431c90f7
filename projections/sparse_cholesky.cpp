#include "projections/sparse_cholesky.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringrift::projections {
namespace {

using Indices = std::vector<std::size_t>;

std::vector<Indices> neighbours_of(const SparseSymmetric& matrix) {
    std::vector<Indices> neighbours(matrix.diagonal.size());
    for (const auto& entry : matrix.entries) {
        neighbours[entry.row].push_back(entry.column);
        neighbours[entry.column].push_back(entry.row);
    }
    for (Indices& list : neighbours) std::ranges::sort(list);
    return neighbours;
}

/// After `gone` is eliminated, its neighbours are neighbours of each other.
void eliminate(std::vector<Indices>& neighbours, std::size_t gone) {
    const Indices& clique = neighbours[gone];
    for (const std::size_t member : clique) {
        Indices joined;
        joined.reserve(neighbours[member].size() + clique.size());
        std::ranges::set_union(neighbours[member], clique, std::back_inserter(joined));
        std::erase_if(joined, [&](std::size_t i) { return i == gone || i == member; });
        neighbours[member] = std::move(joined);
    }
}

/// Where `row` stands in `rows` at or after `from`. REQUIRES: it is there.
std::size_t find_from(const Indices& rows, std::size_t from, std::size_t row) {
    while (rows[from] != row) ++from;
    return from;
}

}  // namespace

std::optional<SparseCholesky> SparseCholesky::make(const SparseSymmetric& pattern,
                                                   std::uint64_t multiplications_max) {
    SparseCholesky result;
    const std::size_t n = pattern.diagonal.size();
    std::vector<Indices> neighbours = neighbours_of(pattern);
    Indices remaining(n);
    for (std::size_t i = 0; i < n; ++i) remaining[i] = i;
    Indices order;
    std::uint64_t multiplications = 0;
    bool all_neighbours = false;  // From then on the rest stays full and needs no more joining.
    while (!remaining.empty()) {
        const auto next = all_neighbours
                              ? remaining.begin()
                              : std::ranges::min_element(remaining, {}, [&](std::size_t i) {
                                    return neighbours[i].size();
                                });
        const std::size_t chosen = *next;
        remaining.erase(next);
        all_neighbours = all_neighbours || neighbours[chosen].size() == remaining.size();
        if (all_neighbours) neighbours[chosen] = remaining;
        const std::uint64_t degree = neighbours[chosen].size();
        multiplications += degree * (degree + 1) / 2;
        if (multiplications > multiplications_max) return std::nullopt;
        if (!all_neighbours) eliminate(neighbours, chosen);
        order.push_back(chosen);
    }
    result.place_.resize(n);
    for (std::size_t place = 0; place < n; ++place) result.place_[order[place]] = place;
    result.columns_.resize(n);
    for (std::size_t place = 0; place < n; ++place) {
        Indices& rows = result.columns_[place].rows;
        for (const std::size_t i : neighbours[order[place]]) rows.push_back(result.place_[i]);
        std::ranges::sort(rows);
    }
    return result;
}

bool SparseCholesky::factor(const SparseSymmetric& matrix) {
    pivots_.resize(place_.size());
    for (std::size_t i = 0; i < place_.size(); ++i) pivots_[place_[i]] = matrix.diagonal[i];
    for (Column& column : columns_) column.values.assign(column.rows.size(), 0.0);
    for (const auto& entry : matrix.entries) {
        const auto [first, second] = std::minmax(place_[entry.row], place_[entry.column]);
        Column& column = columns_[first];
        const auto at = std::ranges::lower_bound(column.rows, second) - column.rows.begin();
        column.values[static_cast<std::size_t>(at)] = entry.value;
    }
    for (std::size_t j = 0; j < columns_.size(); ++j) {
        if (!(pivots_[j] > 0)) return false;
        Column& column = columns_[j];
        for (std::size_t k = 0; k < column.rows.size(); ++k) {
            const double multiple = column.values[k] / pivots_[j];
            Column& target = columns_[column.rows[k]];
            pivots_[column.rows[k]] -= multiple * column.values[k];
            std::size_t at = 0;
            for (std::size_t m = k + 1; m < column.rows.size(); ++m) {
                at = find_from(target.rows, at, column.rows[m]);
                target.values[at] -= multiple * column.values[m];
            }
            column.values[k] = multiple;
        }
    }
    return true;
}

std::vector<double> SparseCholesky::solve(const std::vector<double>& right_side) const {
    std::vector<double> x(place_.size());
    for (std::size_t i = 0; i < place_.size(); ++i) x[place_[i]] = right_side[i];
    for (std::size_t j = 0; j < columns_.size(); ++j) {
        const Column& column = columns_[j];
        for (std::size_t k = 0; k < column.rows.size(); ++k) {
            x[column.rows[k]] -= column.values[k] * x[j];
        }
    }
    for (std::size_t j = columns_.size(); j-- > 0;) {
        const Column& column = columns_[j];
        x[j] /= pivots_[j];
        for (std::size_t k = 0; k < column.rows.size(); ++k) {
            x[j] -= column.values[k] * x[column.rows[k]];
        }
    }
    std::vector<double> result(place_.size());
    for (std::size_t i = 0; i < place_.size(); ++i) result[i] = x[place_[i]];
    return result;
}

// With Z the inverse: Z_ij = -sum over k of L_kj Z_ik for i after j, Z_jj = 1 / D_j - sum L_kj
// Z_kj, k running over the rows of L's column j; all the Z_ik needed lie on L's pattern.
std::vector<double> SparseCholesky::inverse_diagonal() const {
    std::vector<double> diagonal(place_.size());
    std::vector<std::vector<double>> z(columns_.size());
    for (std::size_t j = columns_.size(); j-- > 0;) {
        const Column& column = columns_[j];
        z[j].assign(column.rows.size(), 0.0);
        for (std::size_t k = 0; k < column.rows.size(); ++k) {
            const std::size_t row = column.rows[k];
            double sum = column.values[k] * diagonal[row];
            std::size_t at = 0;
            for (std::size_t m = k + 1; m < column.rows.size(); ++m) {
                at = find_from(columns_[row].rows, at, column.rows[m]);
                sum += column.values[m] * z[row][at];
                z[j][m] -= column.values[k] * z[row][at];
            }
            z[j][k] -= sum;
        }
        diagonal[j] = 1 / pivots_[j];
        for (std::size_t k = 0; k < column.rows.size(); ++k) {
            diagonal[j] -= column.values[k] * z[j][k];
        }
    }
    std::vector<double> result(place_.size());
    for (std::size_t i = 0; i < place_.size(); ++i) result[i] = diagonal[place_[i]];
    return result;
}

}  // namespace ringrift::projections
