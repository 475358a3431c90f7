// NPZ files: what is written is read back, and what is broken is refused.
#include "ops/workloads/hex/npz.hpp"

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"
#include "ops/workloads/hex/samples_file.hpp"
#include "tests/catch.hpp"
#include "tests/hex/folder.hpp"
#include "tests/hex/refusal.hpp"

namespace ringrift::hex {
namespace {

const Arrays two_arrays = {
    {"numbers", {.type = ElementType::int64, .shape = {2}, .bytes = std::string(16, '\7')}},
    {"shares", {.shape = {2, 3}, .bytes = std::string(24, '\1')}}};

std::vector<GameRecord> some_games(Config config) {
    std::vector<GameRecord> games;
    for (int game = 0; game < 3; ++game) {
        games.push_back(play_selfplay_game(initial_network(config), {.simulations = 20}, 7, game));
    }
    return games;
}

TEST_CASE("arrays survive the way into an npz file and back") {
    CHECK(from_npz(to_npz(two_arrays)) == two_arrays);
}

TEST_CASE("an array without elements survives too") {
    const Arrays arrays = {{"none", {.shape = {0, 3}}}};
    CHECK(from_npz(to_npz(arrays)) == arrays);
}

TEST_CASE("the same arrays give the same npz bytes") {
    CHECK(to_npz(two_arrays) == to_npz(two_arrays));
}

TEST_CASE("an npz file that is cut short anywhere is refused") {
    const std::string bytes = to_npz(two_arrays);
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
        CHECK_THROWS_AS(from_npz(std::string_view(bytes).substr(0, size)), Failure);
    }
}

TEST_CASE("an array whose shape claims more or less than its bytes is refused") {
    Array array{.shape = {2, 3}, .bytes = std::string(24, '\1')};
    for (const std::vector<std::int64_t>& lie :
         {std::vector<std::int64_t>{3, 3}, {2, 2}, {0, 3}, {6, 1, 2}, {4611686018427387904, 4}}) {
        array.shape = lie;
        CHECK_THROWS_AS(from_npy(to_npy(array)), Failure);
    }
}

TEST_CASE("samples survive the way into a file and back") {
    const Folder folder;
    const Config config{.size = 5};
    const auto exported = samples_of(some_games(config), config);
    const auto path = folder / "samples.npz";
    write_file(path, to_npz(exported));
    const Samples samples = read_samples(std::vector{path, path}, config);
    const int count = exported.samples.count();
    REQUIRE(samples.count() == 2 * count);
    CHECK(samples.features.rightCols(count) == exported.samples.features);
    CHECK(samples.policy.leftCols(count) == exported.samples.policy);
    CHECK(samples.values.tail(count) == exported.samples.values);
}

TEST_CASE("samples of another board are refused by the file's name") {
    const Folder folder;
    const auto path = folder / "samples.npz";
    write_file(path, to_npz(samples_of(some_games({.size = 5}), {.size = 5})));
    const std::string refusal = refusal_of([&] { read_samples(std::vector{path}, {.size = 4}); });
    CHECK(mentions(refusal, "samples.npz"));
    CHECK(mentions(refusal, "hex4_2p"));
}

TEST_CASE("the winner's positions are worth 1 and the loser's -1") {
    const Config config{.size = 4};
    const auto games = some_games(config);
    const auto exported = samples_of(games, config);
    for (int sample = 0; sample < exported.samples.count(); ++sample) {
        const auto index = static_cast<std::size_t>(sample);
        const auto& game = games[static_cast<std::size_t>(exported.game[index])];
        const Side mover = exported.ply[index] % 2 == 0 ? Side::first : Side::second;
        CHECK(exported.samples.values[sample] == (mover == game.winner ? 1.0F : -1.0F));
    }
}

}  // namespace
}  // namespace ringrift::hex
