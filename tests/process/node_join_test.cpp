// Real nodes that join over loopback: who is let in, and every way to be turned away, with the exit
// code and the sentence that says what to do.

#include <filesystem>

#include "ops/exit_codes.hpp"
#include "tests/api_world.hpp"
#include "tests/process/cluster_node.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using ops::ExitCode;

namespace {

constexpr auto soon = 120s;  // A test that reaches it has failed.

struct Ended {
    std::optional<int> code = {};
    std::string output = {};
    bool says(const std::string& part) const { return output.find(part) != std::string::npos; }
};

/// Starts a node that is not expected to stay, and waits for its end.
Ended ended(const ClusterPlace& place, const std::string& id, const std::string& folder,
            std::vector<std::string> more, std::chrono::milliseconds within = soon) {
    const std::string output = place.folder / (folder + ".log");
    std::filesystem::remove(output);
    Daemon daemon(node_words(place, id, folder, free_port(), std::move(more)), output);
    Ended ended;
    ended.code = daemon.exit_code(within);
    ended.output = daemon.output();
    return ended;
}

bool has_code(const Ended& ended, ExitCode code) {
    return ended.code == static_cast<int>(code);
}

/// A member that speaks another protocol or has another clock: our API over facts of the test.
ops::http::ApiOptions member_with(std::int64_t protocol) {
    ops::http::ApiOptions options;
    options.join_token = cluster_token;
    options.join = ops::JoinTerms{.cluster = "c1",
                                  .protocol = protocol,
                                  .version = "9.9",
                                  .voters = {{"boss"}},
                                  .nats = {"nats://127.0.0.1:1"}};
    return options;
}

}  // namespace

TEST_CASE("a worker joins with a member's address and the token alone; others are told why not") {
    const ClusterPlace place;
    LoneVoter voter(place);
    const std::vector<std::string> peers = {"--peers", voter.member()};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), peers.begin(), peers.end());
        return more;
    };

    SECTION("a wrong token") {
        const Ended node = ended(place, "w1", "w1", with({"--join-token", "guessed"}));
        INFO(node.output);
        CHECK(has_code(node, ExitCode::not_admitted));
        CHECK(node.says(voter.member() + ": This is not the join token of the cluster."));
        CHECK(node.says("RINGRIFT_JOIN_TOKEN"));
    }
    SECTION("no token") {
        const Ended node = ended(place, "w1", "w1", peers);
        INFO(node.output);
        CHECK(has_code(node, ExitCode::usage));
        CHECK(node.says("set RINGRIFT_JOIN_TOKEN"));
    }
    SECTION("another cluster") {
        const Ended node =
            ended(place, "w1", "w1", with({"--join-token", cluster_token, "--cluster", "other"}));
        INFO(node.output);
        CHECK(has_code(node, ExitCode::not_admitted));
        CHECK(node.says("This is the cluster 'c1', not 'other'."));
        CHECK(node.says("leave out --cluster"));
    }
    SECTION("it joins, and an id is taken while its holder is alive, free when that one has left") {
        Daemon first(
            node_words(place, "w1", "w1", free_port(), with({"--join-token", cluster_token})),
            place.folder / "first.log");
        REQUIRE(voter.daemon().says("w1", soon));
        Ended twin;
        REQUIRE(await(
            [&] {  // Until the member has folded the first one's arrival.
                twin = ended(place, "w1", "twin",
                             with({"--join-token", cluster_token, "--for", "5s"}));
                return twin.code != 0;
            },
            soon));
        INFO(twin.output);
        CHECK(has_code(twin, ExitCode::not_admitted));
        CHECK(twin.says("A node 'w1' is here already, at 127.0.0.1:"));
        CHECK(twin.says("Give this one another --node-id."));
        CHECK(first.running());
        first.send(SIGTERM);
        CHECK(first.exit_code(soon) == 0);
        Ended heir;
        CHECK(await(
            [&] {
                heir = ended(place, "w1", "heir",
                             with({"--join-token", cluster_token, "--for", "2s"}));
                return heir.code == 0;
            },
            soon));
        INFO(heir.output);
        CHECK(heir.says("Node started node=w1"));
    }
}

TEST_CASE("an id is taken up again once its holder is dead, and not as long as that is unknown") {
    const ClusterPlace place;
    const std::vector<std::string> missed_soon = {"--heartbeat",     "200ms", "--lease",      "1s",
                                                  "--suspect-after", "1s",    "--dead-after", "4s"};
    LoneVoter voter(place, missed_soon);
    std::vector<std::string> words = {"--peers", voter.member(), "--join-token", cluster_token};
    words.insert(words.end(), missed_soon.begin(), missed_soon.end());
    auto first = std::make_unique<Daemon>(node_words(place, "w1", "w1", free_port(), words),
                                          place.folder / "first.log");
    REQUIRE(first->says("Node started", soon));
    REQUIRE(voter.daemon().says("w1", soon));
    first->send(SIGKILL);
    first.reset();
    std::vector<std::string> brief = words;
    brief.insert(brief.end(), {"--for", "2s"});
    const Ended early = ended(place, "w1", "heir", brief);
    INFO(early.output);
    CHECK(has_code(early, ExitCode::not_admitted));
    CHECK(early.says("wait until it counts as offline"));
    Ended heir;
    CHECK(await(
        [&] {
            heir = ended(place, "w1", "heir", brief);
            return heir.code == 0;
        },
        soon));
    INFO(heir.output);
    CHECK(heir.says("Node started node=w1"));
}

TEST_CASE("a member of another version and one with another clock are told apart") {
    const ClusterPlace place;
    {
        ApiWorld other(member_with(ops::join_protocol + 1));
        const Ended node = ended(
            place, "w1", "w1",
            {"--peers", "127.0.0.1:" + std::to_string(other.port), "--join-token", cluster_token});
        INFO(node.output);
        CHECK(has_code(node, ExitCode::not_admitted));
        CHECK(node.says("This member speaks protocol 2 (version 9.9), the node 1."));
        CHECK(node.says("Install the same version on both."));
    }
    ApiWorld slow(member_with(ops::join_protocol));  // Its clock stands in 2025.
    const Ended node =
        ended(place, "w1", "w1",
              {"--peers", "127.0.0.1:" + std::to_string(slow.port), "--join-token", cluster_token});
    INFO(node.output);
    CHECK(has_code(node, ExitCode::not_admitted));
    CHECK(node.says("this machine's clock is "));
    CHECK(node.says("s ahead of the cluster's; set it (timedatectl, chrony)"));
}

TEST_CASE("a peer that nobody answers at is named, once the node has lost its patience") {
    const ClusterPlace place;
    const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
    const Ended node =
        ended(place, "w1", "w1",
              {"--peers", nobody, "--join-token", cluster_token, "--join-patience", "1s"});
    INFO(node.output);
    CHECK(has_code(node, ExitCode::unreachable));
    CHECK(node.says("no member answered:\n  " + nobody));
    CHECK(node.says("name a member with --peers host:8770"));
}

TEST_CASE("a node that was retired is turned away until it is released") {
    const ClusterPlace place;
    LoneVoter voter(place);
    const auto says = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"--url", voter.url()});
        Daemon client(words, place.folder / "client.log");
        const auto code = client.exit_code(soon);
        INFO(client.output());
        return code;
    };
    const std::vector<std::string> words = {"--peers",     voter.member(), "--join-token",
                                            cluster_token, "--for",        "2s"};
    const auto await_code = [&](int code) {  // What is said takes a moment to be read back.
        Ended node;
        await(
            [&] {
                node = ended(place, "w1", "w1", words);
                return node.code == code;
            },
            soon);
        return node;
    };
    REQUIRE(await_code(0).code == 0);
    REQUIRE(await([&] { return says({"retire", "w1", "--reason", "sold"}) == 0; }, soon));
    const Ended refused = await_code(static_cast<int>(ExitCode::not_admitted));
    INFO(refused.output);
    CHECK(refused.says("The node 'w1' is retired: sold."));
    REQUIRE(await([&] { return says({"release", "w1"}) == 0; }, soon));
    const Ended back = await_code(0);
    INFO(back.output);
    CHECK(back.says("Node started node=w1"));
}
