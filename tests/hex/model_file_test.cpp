// Model files: whole, unharmed and of the right config, or refused in a sentence that says why.
#include "ops/workloads/hex/model_file.hpp"

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"
#include "tests/catch.hpp"
#include "tests/hex/folder.hpp"
#include "tests/hex/refusal.hpp"

namespace ringrift::hex {
namespace {

constexpr Config four{.size = 4};

void check_refused(const std::string& bytes, const std::string& reason) {
    const Folder folder;
    const auto path = folder / "model.bin";
    write_file(path, bytes);
    const std::string refusal = refusal_of([&] { load_model(path.string(), four); });
    INFO(refusal);
    CHECK(mentions(refusal, "model.bin"));
    CHECK(mentions(refusal, reason));
}

TEST_CASE("a model survives the way into a file and back, and is named by the file's digest") {
    const Folder folder;
    const auto path = folder / "model.bin";
    Network network = initial_network(four);
    network.value.bias[0] = 0.25F;
    write_file(path, to_bytes(network));
    const Model model = load_model(path.string(), four);
    CHECK(to_bytes(model.network) == to_bytes(network));
    CHECK(model.digest == sha256(read_file(path)));
}

TEST_CASE("init is the same untrained network each time, and thinks all positions even") {
    const Model model = load_model("init", four);
    CHECK(model.digest == "init");
    CHECK(to_bytes(model.network) == to_bytes(initial_network(four)));
    const Evaluation evaluation = Evaluator(model.network)(Board(four));
    CHECK(evaluation.value == 0.0F);
    CHECK(evaluation.priors[3] == 1.0F / 16);
}

TEST_CASE("an empty or missing model is refused and never taken for init") {
    check_refused("", "it is empty");
    CHECK(mentions(refusal_of([] { load_model("", four); }), "no model is named"));
    CHECK(
        mentions(refusal_of([] { load_model("/nowhere/model.bin", four); }), "/nowhere/model.bin"));
}

TEST_CASE("a model that is cut short anywhere is refused") {
    const std::string bytes = to_bytes(initial_network(four));
    for (std::size_t size = 1; size < bytes.size(); size += bytes.size() / 50) {
        check_refused(bytes.substr(0, size), "it is");
    }
    check_refused(bytes.substr(0, bytes.size() - 1), "cut short");
}

TEST_CASE("a model with a single flipped bit is refused") {
    std::string bytes = to_bytes(initial_network(four));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    check_refused(bytes, "checksum");
}

TEST_CASE("a model of another config is refused by that config's name") {
    check_refused(to_bytes(initial_network({.size = 5})), "it is a model for hex5_2p");
}

TEST_CASE("a file of another kind is refused") {
    check_refused(std::string(1000, 'x'), "not a model");
}

TEST_CASE("weights that are not numbers are refused, however well they are signed") {
    Network network = initial_network(four);
    network.policy.weights(0, 0) = std::numeric_limits<float>::quiet_NaN();
    check_refused(to_bytes(network), "not finite");
}

}  // namespace
}  // namespace ringrift::hex
