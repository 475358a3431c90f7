// Two nodes' data planes over real sockets: what the mover asks for comes, and what is wrong is
// said.
//
// Not among the tests for the thread sanitizer, which cannot see into libzmq.

#include "ops/data_plane.hpp"

#include "tests/transfer_site.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::consumers;

namespace {

/// A node with a data plane over its own folder.
struct Plane {
    explicit Plane(const std::string& named) : name{named}, store(folder.path()) {
        auto opened = ops::DataPlane::open({.data_folder = folder.path(),
                                            .self = name,
                                            .endpoint = "tcp://127.0.0.1:*",
                                            .disk_free_bytes_min = 0,
                                            .bounds = {.retry_max = 200ms, .patience = 2s}});
        if (!opened) FAIL(opened.error().sentence);
        plane = std::move(*opened);
    }
    void has(const std::string& bytes) { puts(digest_of(bytes), bytes); }
    void puts(const bus::FileDigest& file, const std::string& bytes) {
        const auto path = store.path_of(file);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    ops::Peer peer() const { return {.server = {plane->endpoint(), plane->key()}}; }
    TransferReport next_report() {
        REQUIRE(await([&] {
            for (auto& report : plane->drain()) reports.push_back(std::move(report));
            return !reports.empty();
        }));
        const TransferReport first = reports.front();
        reports.erase(reports.begin());
        return first;
    }

    bus::NodeId name;
    TemporaryFolder folder;
    ops::FileStore store;
    std::unique_ptr<ops::DataPlane> plane;
    std::vector<TransferReport> reports;
};

void introduce(const std::vector<Plane*>& planes) {
    ops::Peers peers;
    for (const Plane* plane : planes) peers[plane->name] = plane->peer();
    for (Plane* plane : planes) plane->plane->set_peers(peers);
}

}  // namespace

TEST_CASE("a file that is ordered comes, and is reported once, also when it lay here already") {
    Plane alpha("alpha");
    Plane beta("beta");
    introduce({&alpha, &beta});
    const std::string bytes = random_bytes(700'000, 1);
    alpha.has(bytes);
    const TransferOrder order = {
        .file = digest_of(bytes), .bytes = 700'000, .sources = {{"gone"}, {"alpha"}}};
    for (int n = 0; n < 2; ++n) {
        REQUIRE(beta.plane->fetch(order));
        const auto report = beta.next_report();
        REQUIRE(std::holds_alternative<TransferDone>(report));
        CHECK(std::get<TransferDone>(report).file == digest_of(bytes));
        CHECK(beta.store.find(digest_of(bytes)));
    }
    CHECK(alpha.plane->counters().bytes == 700'000);
}

TEST_CASE("a source that comes back at another address is gone on with at once") {
    Plane beta("beta");
    const std::string bytes = random_bytes(700'000, 1);
    Plane alpha("alpha");
    alpha.has(bytes);
    ops::Peers peers = {{alpha.name, {.server = {"tcp://127.0.0.1:1", alpha.plane->key()}}},
                        {beta.name, beta.peer()}};
    beta.plane->set_peers(peers);
    REQUIRE(beta.plane->fetch({.file = digest_of(bytes), .sources = {{"alpha"}}}));
    CHECK(await([&] { return beta.plane->counts().fetching == 1; }));
    introduce({&alpha, &beta});
    const auto report = beta.next_report();
    REQUIRE(std::holds_alternative<TransferDone>(report));
    CHECK(beta.plane->counts().fetched == 1);
    CHECK(beta.plane->counts().bytes_in == 700'000);
    CHECK(beta.plane->counts().fetching == 0);
    CHECK(alpha.plane->counts().bytes_out == 700'000);
}

TEST_CASE("the members of the log with a file server are the peers, at the address they gave") {
    projections::NodesView nodes;
    const auto add = [&](const std::string& name, const std::string& host, std::int64_t port) {
        nodes.nodes[{name}] = {
            .joined = {.node = {name}, .host = host, .transfer_port = port, .transfer_key = name}};
    };
    add("a", "10.0.0.7", 8771);
    add("b", "fd00::7", 8772);
    add("old", "10.0.0.9", 0);
    add("gone", "10.0.0.8", 8771);
    nodes.nodes[{"gone"}].status = projections::NodeStatus::left;
    nodes.nodes[{"b"}].relay = {"a"};
    const ops::Peers peers = ops::peers_of(nodes);
    CHECK(peers ==
          ops::Peers{{{"a"}, {.server = {"tcp://10.0.0.7:8771", {"a"}}}},
                     {{"b"}, {.server = {"tcp://[fd00::7]:8772", {"b"}}, .relay = {"a"}}}});
    CHECK(ops::endpoint_of("127.0.0.1", 0) == "tcp://127.0.0.1:*");
}

TEST_CASE("who is not among the peers is not fetched from, and gets nothing") {
    Plane alpha("alpha");
    Plane beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    const TransferOrder order = {.file = digest_of(bytes), .sources = {{"alpha"}}};
    REQUIRE(beta.plane->fetch(order));
    auto report = beta.next_report();
    REQUIRE(std::holds_alternative<TransferFailed>(report));
    CHECK(std::get<TransferFailed>(report).kind == "unreachable");
    beta.plane->set_peers({{alpha.name, alpha.peer()}});
    REQUIRE(beta.plane->fetch(order));
    report = beta.next_report();
    REQUIRE(std::holds_alternative<TransferFailed>(report));
    CHECK(std::get<TransferFailed>(report).kind == "denied");
}

TEST_CASE("a damaged copy is found where it lies: its node sets it aside and says so") {
    Plane alpha("alpha");
    Plane beta("beta");
    introduce({&alpha, &beta});
    const bus::FileDigest file = digest_of("what it should be");
    alpha.puts(file, random_bytes(50'000, 1));
    REQUIRE(beta.plane->fetch({.file = file, .sources = {{"alpha"}}}));
    const auto failed = beta.next_report();
    REQUIRE(std::holds_alternative<TransferFailed>(failed));
    CHECK(std::get<TransferFailed>(failed).kind == "mismatch");
    CHECK(beta.plane->counts().quarantined == 1);
    CHECK_FALSE(beta.plane->counts().trouble.empty());
    const auto damaged = alpha.next_report();
    REQUIRE(std::holds_alternative<CopyDamaged>(damaged));
    CHECK(std::get<CopyDamaged>(damaged).file == file);
    CHECK_FALSE(alpha.store.find(file));
}

TEST_CASE("a node behind a relay gives its files through it") {
    Plane hidden("hidden");
    Plane relay("relay");
    Plane beta("beta");
    ops::Peers peers = {{hidden.name, {.server = {"", hidden.plane->key()}, .relay = relay.name}},
                        {relay.name, relay.peer()},
                        {beta.name, beta.peer()}};
    for (Plane* plane : {&hidden, &relay, &beta}) plane->plane->set_peers(peers);
    const std::string bytes = random_bytes(900'000, 1);
    hidden.has(bytes);
    REQUIRE(beta.plane->fetch({.file = digest_of(bytes), .sources = {{"hidden"}}}));
    CHECK(std::holds_alternative<TransferDone>(beta.next_report()));
    CHECK(relay.plane->counters().relayed > 0);
}

TEST_CASE("a removed file is gone, and to remove it again is harmless") {
    Plane alpha("alpha");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    alpha.plane->remove(digest_of(bytes));
    CHECK(await([&] { return !alpha.store.find(digest_of(bytes)); }));
    alpha.plane->remove(digest_of(bytes));
    CHECK(alpha.plane->drain().empty());
}
