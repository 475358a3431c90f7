// The program as a node runs it: exit codes, result.json, progress, and files that NumPy reads.
#include <algorithm>
#include <boost/json.hpp>
#include <zmq.hpp>

#include "ops/workloads/hex/files.hpp"
#include "tests/catch.hpp"
#include "tests/hex/refusal.hpp"
#include "tests/hex/shell.hpp"

namespace ringrift::hex {
namespace {

/// One sentence on one line, and no result.
void check_refused(const Folder& folder, const std::string& arguments, int exit_code,
                   const std::string& reason) {
    const Outcome outcome = shell(folder, "\"$HEX\" " + arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK(mentions(outcome.err, reason));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "out/result.json"));
}

constexpr auto selfplay = "\"$HEX\" selfplay --config hex4_2p --model init --games 8 --seed 7 ";

TEST_CASE("wrong arguments end with exit code 2 and a sentence", "[process]") {
    const Folder folder;
    check_refused(folder, "", 2, "subcommand is required");
    check_refused(folder, "selfplay --config hex4_2p --seed 1 --out out", 2, "--model is required");
    check_refused(folder, "selfplay --config go19 --model init --seed 1 --out out", 2, "hex5_2p");
    check_refused(folder, "selfplay --config hex4_2p --model init --games 0 --seed 1 --out out", 2,
                  "--games");
}

TEST_CASE("missing and corrupt inputs end with exit code 1, the file's name and no result",
          "[process]") {
    const Folder folder;
    write_file(folder / "empty.txt", "");
    write_file(folder / "list.txt", "gone.jsonl\n");
    write_file(folder / "bad.txt", "list.txt\n");
    check_refused(folder, "selfplay --config hex4_2p --model gone.bin --seed 1 --out out", 1,
                  "gone.bin");
    check_refused(folder, "selfplay --config hex4_2p --model '' --seed 1 --out out", 1, "init");
    check_refused(folder, "export --config hex4_2p --inputs empty.txt --out out", 1, "empty.txt");
    check_refused(folder, "export --config hex4_2p --inputs list.txt --out out", 1, "gone.jsonl");
    check_refused(folder, "export --config hex4_2p --inputs bad.txt --out out", 1,
                  "list.txt, line 1");
    check_refused(folder, "train --config hex4_2p --model init --seed 1 --inputs bad.txt --out out",
                  1, "list.txt");
}

TEST_CASE("a failed job takes an earlier attempt's result away", "[process]") {
    const Folder folder;
    REQUIRE(shell(folder, std::string(selfplay) + "--out out").exit_code == 0);
    check_refused(folder, "selfplay --config hex4_2p --model gone.bin --seed 1 --out out", 1,
                  "gone.bin");
}

TEST_CASE("the result names the games file by its digest", "[process]") {
    const Folder folder;
    REQUIRE(shell(folder, std::string(selfplay) + "--out out").exit_code == 0);
    const auto result = result_in(folder, "out");
    CHECK(result.at("type") == "selfplay");
    CHECK(result.at("games") == 8);
    CHECK(result.at("model") == "init");
    const auto& file = result.at("files").at(0).as_object();
    const std::string bytes = read_file(folder / "out/games-7.jsonl");
    CHECK(file.at("name") == "games-7.jsonl");
    CHECK(file.at("sha256").as_string() == sha256(bytes));
    CHECK(file.at("bytes") == bytes.size());
}

TEST_CASE("a job takes what it needs from the environment, and flags win over it", "[process]") {
    const Folder folder;
    const Outcome outcome = shell(folder,
                                  "RINGRIFT_CONFIG=hex5_2p RINGRIFT_MODEL=init RINGRIFT_SEED=9 "
                                  "RINGRIFT_OUTPUT_DIR=out \"$HEX\" selfplay --games 2 --seed 3");
    REQUIRE(outcome.exit_code == 0);
    CHECK(result_in(folder, "out").at("config") == "hex5_2p");
    CHECK(std::filesystem::exists(folder / "out/games-3.jsonl"));
    CHECK(mentions(outcome.out, "\"progress_ppm\":1000000"));
}

TEST_CASE("progress goes to the channel with the work's id and fence", "[process]") {
    const Folder folder;
    const std::string endpoint = "ipc://" + (folder / "channel").string();
    zmq::context_t context;
    zmq::socket_t pull(context, zmq::socket_type::pull);
    pull.bind(endpoint);
    const std::string environment =
        "RINGRIFT_CHANNEL=" + endpoint + " RINGRIFT_WORK_ID=w-1 RINGRIFT_FENCE=42 ";
    const Outcome outcome = shell(folder, environment + selfplay + "--out out");
    REQUIRE(outcome.exit_code == 0);
    CHECK(outcome.out.empty());
    zmq::message_t frame;
    pull.set(zmq::sockopt::rcvtimeo, 5000);
    REQUIRE(pull.recv(frame));
    const auto report = boost::json::parse(frame.to_string()).as_object();
    CHECK(report.at("work") == "w-1");
    CHECK(report.at("fence") == 42);
    CHECK(report.at("progress_ppm") == 125000);
    CHECK(report.at("games") == 1);
}

TEST_CASE("a job does not wait for a channel that nobody reads", "[process]") {
    const Folder folder;
    const std::string environment = "RINGRIFT_CHANNEL=ipc://" + (folder / "nobody").string() + " ";
    CHECK(shell(folder, "timeout 10 env " + environment + selfplay + "--out out").exit_code == 0);
}

TEST_CASE("one generation by hand ends in a match, twice with the same bytes", "[process]") {
    const Folder folder;
    write_file(folder / "games.txt", "play/games-7.jsonl\n");
    write_file(folder / "samples.txt", "export/samples.npz\n");
    const std::string generation =
        std::string(selfplay) +
        "--out play && \"$HEX\" export --config hex4_2p --inputs games.txt --out export && "
        "\"$HEX\" train --config hex4_2p --model init --inputs samples.txt --seed 1 --out train && "
        "\"$HEX\" match --config hex4_2p --candidate train/model.bin --baseline init --pairs 3 "
        "--seed 1 --out match && sha256sum */* >";
    REQUIRE(shell(folder, generation + "once").exit_code == 0);
    const auto model = result_in(folder, "train").at("model").as_string();
    const auto match = result_in(folder, "match");
    CHECK(model == sha256(read_file(folder / "train/model.bin")));
    CHECK(match.at("candidate") == model);
    CHECK(match.at("baseline") == "init");
    CHECK(match.at("games") == 6);
    CHECK_FALSE(match.at("files").at(0).as_object().contains("games"));  // Nothing to learn from.
    REQUIRE(shell(folder, generation + "again").exit_code == 0);
    CHECK(read_file(folder / "once") == read_file(folder / "again"));
}

TEST_CASE("numpy loads the samples without pickle, and ours are what numpy saves", "[process]") {
    const Folder folder;
    const std::string python = RINGRIFT_HEX_PYTHON;
    if (shell(folder, python + " -c 'import numpy'").exit_code != 0) {
        WARN("skipped: " << python << " has no numpy; install python3-numpy");
        return;
    }
    write_file(folder / "games.txt", "play/games-7.jsonl\n");
    write_file(folder / "saved.txt", "saved.npz\n");
    write_file(folder / "check.py", R"(
import numpy
with numpy.load("export/samples.npz", allow_pickle=False) as samples:
    count = len(samples["values"])
    assert samples["features"].shape == (count, 6, 4, 4), samples["features"].shape
    assert samples["policy"].shape == (count, 16), samples["policy"].shape
    for name in ("features", "policy", "values"):
        assert samples[name].dtype == numpy.float32, name
    assert samples["ply"].dtype == samples["game"].dtype == numpy.int64
    assert set(numpy.unique(samples["features"])) == {0.0, 1.0}
    assert set(numpy.unique(samples["values"])) == {-1.0, 1.0}
    assert numpy.allclose(samples["policy"].sum(axis=1), 1)
    stones = samples["features"][:, [0, 3]].sum(axis=(1, 2, 3))
    assert (stones == samples["ply"]).all()
    numpy.savez_compressed("saved.npz", **samples)
)");
    const Outcome outcome =
        shell(folder, std::string(selfplay) +
                          "--out play && \"$HEX\" export --config hex4_2p --inputs games.txt "
                          "--out export && " +
                          python +
                          " check.py && \"$HEX\" train --config hex4_2p --model init "
                          "--inputs saved.txt --seed 1 --out train");
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
}

}  // namespace
}  // namespace ringrift::hex
