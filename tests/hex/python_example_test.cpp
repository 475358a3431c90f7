// The example in Python keeps the same contract as ringrift-hex, and learns its game.
#include "tests/catch.hpp"
#include "tests/hex/refusal.hpp"
#include "tests/hex/shell.hpp"

namespace ringrift::hex {
namespace {

const std::string example = std::string(RINGRIFT_HEX_PYTHON) + " \"$EXAMPLE\" ";
const std::string selfplay =
    example + "selfplay --config nim21_2p --model init --games 200 --seed 1 --out play";

bool can_run_example(const Folder& folder) {
    if (shell(folder, std::string(RINGRIFT_HEX_PYTHON) + " -c 'import numpy'").exit_code == 0) {
        return true;
    }
    WARN("skipped: " << RINGRIFT_HEX_PYTHON << " has no numpy; install python3-numpy");
    return false;
}

TEST_CASE("the example in Python learns Nim in one generation", "[process]") {
    const Folder folder;
    if (!can_run_example(folder)) return;
    write_file(folder / "games.txt", "play/games-1.jsonl\n");
    write_file(folder / "samples.txt", "export/samples.npz\n");
    const Outcome outcome =
        shell(folder, "set -e; " + selfplay + "; job() { " + example +
                          "\"$@\" --config nim21_2p; }; "
                          "job export --inputs games.txt --out export; "
                          "job train --model init --inputs samples.txt --seed 1 --out train; "
                          "job match --candidate train/model.npz --baseline init --pairs 50 --seed "
                          "1 --out match");
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    const auto match = result_in(folder, "match");
    CHECK(match.at("wins").as_int64() > 70);
    CHECK(match.at("candidate") == result_in(folder, "train").at("model"));
    CHECK(match.at("candidate").as_string() == sha256(read_file(folder / "train/model.npz")));
}

TEST_CASE("the example in Python refuses an empty model and leaves no result", "[process]") {
    const Folder folder;
    if (!can_run_example(folder)) return;
    write_file(folder / "empty.npz", "");
    REQUIRE(shell(folder, selfplay).exit_code == 0);
    const Outcome outcome = shell(folder, example +
                                              "selfplay --config nim21_2p --model empty.npz "
                                              "--games 2 --seed 1 --out play");
    CHECK(outcome.exit_code == 1);
    CHECK(mentions(outcome.err, "empty.npz"));
    CHECK_FALSE(std::filesystem::exists(folder / "play/result.json"));
}

}  // namespace
}  // namespace ringrift::hex
