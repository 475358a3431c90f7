#include "ops/workloads/hex/samples_file.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"
#include "ops/workloads/hex/npz.hpp"

static_assert(std::endian::native == std::endian::little, "the files' byte order is the machine's");

namespace ringrift::hex {
namespace {

template <class T>
std::string bytes_of(const T* data, std::size_t count) {
    return {reinterpret_cast<const char*>(data), count * sizeof(T)};
}

/// Writes column `column` of the samples: `board` before `visits` led to a move.
void write_sample(const Board& board, const std::vector<int>& visits, Side winner, int column,
                  Samples& samples) {
    const ActiveFeatures features(board);
    for (const int index : features.indices()) samples.features(index, column) = 1.0F;
    const auto sum = static_cast<float>(std::accumulate(visits.begin(), visits.end(), 0LL));
    for (int cell = 0; cell < board.config().cells(); ++cell) {
        const auto count = static_cast<float>(visits[static_cast<std::size_t>(cell)]);
        samples.policy(seen_by(board, cell), column) = count / sum;
    }
    samples.values[column] = board.to_move() == winner ? 1.0F : -1.0F;
}

/// An array's numbers as `rows` x `count`, once type and shape are as expected.
Matrix matrix_of(const Arrays& arrays, const std::string& name, int rows,
                 const std::vector<std::int64_t>& shape) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) throw Failure("it has no array " + name);
    const Array& array = found->second;
    if (array.type != ElementType::float32 || array.shape != shape) {
        throw Failure("the array " + name +
                      " has another type or shape than this config's samples");
    }
    Matrix matrix(rows, shape.front());
    std::memcpy(matrix.data(), array.bytes.data(), array.bytes.size());
    if (!matrix.allFinite())
        throw Failure("the array " + name + " holds numbers that are not finite");
    return matrix;
}

Samples parse_samples(const std::string& bytes, Config config) {
    const Arrays arrays = from_npz(bytes);
    const auto values = arrays.find("values");
    if (values == arrays.end() || values->second.shape.size() != 1) {
        throw Failure("it has no array values of one dimension");
    }
    const std::int64_t count = values->second.shape.front();
    const std::int64_t size = config.size;
    Samples samples{
        .config = config,
        .features = matrix_of(arrays, "features", features_of(config), {count, planes, size, size}),
        .policy = matrix_of(arrays, "policy", config.cells(), {count, size * size}),
        .values = matrix_of(arrays, "values", 1, {count}).row(0)};
    for (int column = 0; column < samples.count(); ++column) {
        const bool sums_to_one = std::abs(samples.policy.col(column).sum() - 1.0F) < 0.001F;
        if (!sums_to_one || samples.policy.col(column).minCoeff() < 0 ||
            std::abs(samples.values[column]) > 1.0F) {
            throw Failure("sample " + std::to_string(column) +
                          " is not a share of visits and a result");
        }
    }
    return samples;
}

}  // namespace

ExportedSamples samples_of(std::span<const GameRecord> games, Config config) {
    int count = 0;
    for (const GameRecord& game : games) {
        for (const auto& visits : game.visits) count += visits.empty() ? 0 : 1;
    }
    ExportedSamples exported;
    exported.samples = {.config = config,
                        .features = Matrix::Zero(features_of(config), count),
                        .policy = Matrix::Zero(config.cells(), count),
                        .values = Vector::Zero(count)};
    std::int64_t number = 0;
    for (const GameRecord& game : games) {
        Board board(config);
        for (std::size_t ply = 0; ply < game.moves.size(); ++ply) {
            if (!game.visits[ply].empty()) {
                write_sample(board, game.visits[ply], game.winner,
                             static_cast<int>(exported.game.size()), exported.samples);
                exported.game.push_back(number);
                exported.ply.push_back(static_cast<std::int64_t>(ply));
            }
            board.play(game.moves[ply]);
        }
        ++number;
    }
    return exported;
}

std::string to_npz(const ExportedSamples& exported) {
    // A column of ours is a row of NumPy's: column-major here is row-major there.
    const Samples& samples = exported.samples;
    const std::int64_t count = samples.count();
    const std::int64_t size = samples.config.size;
    const auto floats = [](std::vector<std::int64_t> shape, const float* data, Eigen::Index total) {
        return Array{.type = ElementType::float32,
                     .shape = std::move(shape),
                     .bytes = bytes_of(data, static_cast<std::size_t>(total))};
    };
    const auto integers = [&](const std::vector<std::int64_t>& numbers) {
        return Array{.type = ElementType::int64,
                     .shape = {count},
                     .bytes = bytes_of(numbers.data(), numbers.size())};
    };
    return to_npz(Arrays{
        {"features",
         floats({count, planes, size, size}, samples.features.data(), samples.features.size())},
        {"policy", floats({count, size * size}, samples.policy.data(), samples.policy.size())},
        {"values", floats({count}, samples.values.data(), samples.values.size())},
        {"game", integers(exported.game)},
        {"ply", integers(exported.ply)}});
}

Samples read_samples(std::span<const std::filesystem::path> paths, Config config) {
    std::vector<Samples> parts;
    int count = 0;
    for (const auto& path : paths) {
        try {
            parts.push_back(parse_samples(read_file(path), config));
        } catch (const Failure& failure) {
            throw Failure("cannot train from " + path.string() + ": " + failure.what() +
                          "; export it again for " + config.name());
        }
        count += parts.back().count();
    }
    Samples all{.config = config,
                .features = Matrix(features_of(config), count),
                .policy = Matrix(config.cells(), count),
                .values = Vector(count)};
    int column = 0;
    for (const Samples& part : parts) {
        all.features.middleCols(column, part.count()) = part.features;
        all.policy.middleCols(column, part.count()) = part.policy;
        all.values.segment(column, part.count()) = part.values;
        column += part.count();
    }
    return all;
}

}  // namespace ringrift::hex
