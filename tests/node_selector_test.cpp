// Which node is best for what.

#include "consumers/managers/node_selector.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using consumers::NodeSelector;

namespace {

bus::NodeJoined gpu_node(const std::string& name, const std::string& gpu, std::int64_t gpus = 1) {
    auto joined = node(name);
    joined.gpu_name = gpu;
    joined.capacity.gpus = gpus;
    return joined;
}

bus::WorkQueued training(const std::string& work) {
    return {.work = {work},
            .type = bus::WorkType::training,
            .config = {"hex4_2p"},
            .needs = {.slots = 1, .gpus = 1}};
}

std::vector<std::string> names(const std::vector<consumers::RankedNode>& nodes) {
    std::vector<std::string> result;
    for (const auto& node : nodes) result.push_back(node.node.value);
    return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the strength of a GPU is read from its name") {
    CHECK(consumers::gpu_power_of("NVIDIA H100 80GB HBM3") == 2000);
    CHECK(consumers::gpu_power_of("NVIDIA GH200 480GB") == 2500);
    CHECK(consumers::gpu_power_of("NVIDIA A100-SXM4-40GB") == 624);
    CHECK(consumers::gpu_power_of("NVIDIA A10") == 250);
    CHECK(consumers::gpu_power_of("NVIDIA GeForce RTX 4090") == 330);
    CHECK(consumers::gpu_power_of("Voodoo 2") == 10);
    CHECK(consumers::gpu_power_of("") == 0);
}

TEST_CASE("the best GPU node is the strongest with a free GPU") {
    Given given({gpu_node("slow", "RTX 3060"), gpu_node("fast", "H100"), node("none")});
    CHECK(NodeSelector().get_best_gpu_node(given.sight()) == bus::NodeId{"fast"});
    given.say(training("w1")).say(claimed("w1", "fast"));
    CHECK(NodeSelector().get_best_gpu_node(given.sight()) == bus::NodeId{"slow"});
    given.say(training("w2")).say(claimed("w2", "slow"));
    CHECK_FALSE(NodeSelector().get_best_gpu_node(given.sight()));
}

TEST_CASE("a node that trains already is best only when no other has a free GPU") {
    Given given({gpu_node("big", "H100", 8), gpu_node("small", "RTX 3060"), training("w1"),
                 claimed("w1", "big")});
    CHECK(NodeSelector().get_best_gpu_node(given.sight()) == bus::NodeId{"small"});
    given.say(bus::NodeDraining{.node = {"small"}});
    CHECK(NodeSelector().get_best_gpu_node(given.sight()) == bus::NodeId{"big"});
}

TEST_CASE("training nodes are ranked by strength, whatever their load") {
    Given given({gpu_node("a", "A100"), gpu_node("b", "H100"), gpu_node("c", "A100", 4),
                 node("cpu"), training("w1"), claimed("w1", "b")});
    CHECK(names(NodeSelector().get_training_nodes(given.sight())) == Names{"c", "b", "a"});
    CHECK(names(NodeSelector().get_training_nodes(given.sight(), 1)) == Names{"c"});
}

TEST_CASE("ties are broken by the node's id") {
    Given given({gpu_node("n2", "A100"), gpu_node("n1", "A100")});
    CHECK(NodeSelector().get_best_gpu_node(given.sight()) == bus::NodeId{"n1"});
    CHECK(names(NodeSelector().rank_for(training("w1"), given.sight())) == Names{"n1", "n2"});
}

TEST_CASE("nodes that take no work are not ranked") {
    Given given({gpu_node("n1", "A100"), gpu_node("n2", "A100"), gpu_node("n3", "A100"),
                 bus::NodeDraining{.node = {"n1"}},
                 bus::NodeQuarantined{.node = {"n2"}, .until_at = start + 1h}});
    CHECK(names(NodeSelector().rank_for(training("w1"), given.sight())) == Names{"n3"});
}

TEST_CASE("work that needs no GPU wastes none") {
    Given given({gpu_node("gpu", "H100"), node("cpu")});
    CHECK(names(NodeSelector().rank_for(selfplay("w1"), given.sight())) == Names{"cpu", "gpu"});
}

TEST_CASE("nodes with room go before those without, then the least loaded") {
    Given given({node("full", 1), node("half", 2), node("idle", 2), selfplay("w1"),
                 claimed("w1", "full"), selfplay("w2"), claimed("w2", "half")});
    CHECK(names(NodeSelector().rank_for(selfplay("w3"), given.sight())) ==
          Names{"idle", "half", "full"});
    given.host().heartbeats[{"idle"}].sample.cpu_ppm = 900'000;
    CHECK(names(NodeSelector().rank_for(selfplay("w3"), given.sight())) ==
          Names{"half", "idle", "full"});
}

TEST_CASE("of those that ask for work, who has no GPU chooses first, then the least loaded") {
    Given given({gpu_node("gpu", "H100"), node("busy", 2), node("idle", 2), selfplay("w1"),
                 claimed("w1", "busy")});
    std::vector<std::string> order;
    for (const auto& claim : NodeSelector().turns_for(
             {{.node = {"gpu"}}, {.node = {"busy"}}, {.node = {"idle"}}, {.node = {"stranger"}}},
             given.sight()))
        order.push_back(claim.node.value);
    CHECK(order == Names{"idle", "busy", "gpu"});
}
