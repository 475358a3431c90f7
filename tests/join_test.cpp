// Joining a cluster: what a member answers, what a node makes of it, and every way to be refused.

#include "ops/join.hpp"

#include <boost/json.hpp>

#include "bus/json.hpp"
#include "ops/nats/server_config.hpp"
#include "tests/assembly.hpp"
#include "tests/scenario.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::ops;

namespace {

const JoinTerms main_terms = {.cluster = "main",
                              .version = "0.1.0",
                              .voters = {{"v1"}, {"v2"}, {"v3"}},
                              .nats = {"nats://v1:4222"},
                              .nats_managed = true,
                              .replicas = 3,
                              .members = {"v1:8770", "v2:8770"},
                              .now = start};

cli::ClientResponse answer(const JoinTerms& terms) {
    cli::ClientResponse response = {.status = 200};
    bus::write_json(response.body, terms);
    return response;
}

Options worker() {
    Options options;
    options.node_id = "gpu-7";
    options.advertise = "gpu-7";
    options.join_token = "secret";
    options.peers = {"v1:8770"};
    return options;
}

/// A node that looks for its cluster among members that answer as the test says.
struct Seeker {
    SmallStore store = {};
    std::vector<cli::ClientRequest> asked = {};
    std::function<cli::ClientResponse(const std::string& url)> members = [](const auto&) {
        return cli::ClientResponse{};
    };
    bus::Time clock = start;

    bus::Result<ClusterPlace, Exit> find(const Options& options) {
        const AskMember ask = [&](const cli::ClientRequest& request)
            -> bus::Result<cli::ClientResponse, cli::ClientTrouble> {
            asked.push_back(request);
            auto response = members(request.url);
            if (response.status == 0)
                return cli::ClientTrouble{.sentence = "Nothing listens at " + request.url + "."};
            return response;
        };
        return find_cluster(options, store, ask, [this] { return clock; });
    }
    Exit refusal(const Options& options) {
        const auto place = find(options);
        REQUIRE_FALSE(place.ok());
        return place.error();
    }
};

bool says(const Exit& exit, std::string_view part) {
    return exit.sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a worker learns from a member all but the secret, which it shows") {
    Seeker seeker;
    seeker.members = [](const auto&) { return answer(main_terms); };
    const auto place = seeker.find(worker());
    REQUIRE(place.ok());
    CHECK(seeker.asked.at(0).headers.at("Authorization") == "Bearer secret");
    CHECK(place->cluster == "main");
    CHECK_FALSE(place->is_voter);
    CHECK(place->nats.servers == std::vector<std::string>{"nats://v1:4222"});
    CHECK(place->nats.user == "ringrift");
    CHECK(place->nats.password == nats_password("secret", "main"));
    CHECK(place->terms.voters == main_terms.voters);
}

TEST_CASE("what was learned is remembered, with the members that were there") {
    Seeker seeker;
    seeker.members = [](const auto&) { return answer(main_terms); };
    REQUIRE(seeker.find(worker()).ok());
    Options later = worker();
    later.peers = {};
    seeker.asked.clear();
    seeker.members = [](const std::string& url) {
        return url == "http://v2:8770" ? answer(main_terms) : cli::ClientResponse{};
    };
    CHECK(seeker.find(later).ok());
    CHECK(seeker.asked.size() == 2);
    seeker.members = [](const auto&) { return cli::ClientResponse{}; };
    const auto alone = seeker.find(later);
    REQUIRE(alone.ok());
    CHECK(alone->cluster == "main");
    CHECK(alone->warnings.size() == 2);
}

TEST_CASE("the instance of a data folder is made once, and told to the member") {
    Seeker seeker;
    seeker.members = [](const auto&) { return answer(main_terms); };
    const auto first = seeker.find(worker());
    const auto second = seeker.find(worker());
    REQUIRE((first.ok() && second.ok()));
    CHECK(first->instance.size() == 32);
    CHECK(first->instance == second->instance);
    CHECK(seeker.asked.at(0).target.find("instance=" + first->instance) != std::string::npos);
    CHECK(Seeker().find({}).ok() == false);
}

TEST_CASE("the first voter of a cluster needs nobody's answer") {
    Seeker seeker;
    Options options = worker();
    options.node_id = options.advertise = "v1";
    options.peers = {"v2:8770", "v3:8770"};
    options.voters = {"v1", "v2", "v3"};
    options.nats = {"managed"};
    const auto place = seeker.find(options);
    REQUIRE(place.ok());
    CHECK(place->is_voter);
    CHECK(place->terms.replicas == 3);
    CHECK(place->nats.servers ==
          std::vector<std::string>{"nats://v1:4222", "nats://v2:4222", "nats://v3:4222"});
}

TEST_CASE("a member's refusal ends the search, in its own words") {
    Seeker seeker;
    seeker.members = [](const auto&) {
        return cli::ClientResponse{
            .status = 401,
            .body = R"({"error":"This is not the join token of the cluster.","hint":"Ask."})"};
    };
    const Exit exit = seeker.refusal(worker());
    CHECK(exit.code == ExitCode::not_admitted);
    CHECK(says(exit, "This is not the join token of the cluster. Ask."));
}

TEST_CASE("a clock that is far off is told by how much, and in which direction") {
    Seeker seeker;
    seeker.members = [](const auto&) { return answer(main_terms); };
    seeker.clock = start + 2min;
    CHECK(says(seeker.refusal(worker()), "120 s ahead of the cluster's"));
    seeker.clock = start - 31s;
    CHECK(says(seeker.refusal(worker()), "31 s behind the cluster's"));
    seeker.clock = start - 30s;
    CHECK(seeker.find(worker()).ok());
}

TEST_CASE("nobody answers: each peer is named, with what to do") {
    Seeker seeker;
    const Exit exit = seeker.refusal(worker());
    CHECK(exit.code == ExitCode::unreachable);
    CHECK(says(exit, "v1:8770: Nothing listens"));
    CHECK(says(exit, "--peers host:8770"));
    Options tokenless = worker();
    tokenless.join_token = {};
    CHECK(says(seeker.refusal(tokenless), "set RINGRIFT_JOIN_TOKEN"));
}

TEST_CASE("a member refuses another cluster, another version, and an id that is taken") {
    Given given({bus::NodeJoined{
        .node = {"gpu-7"}, .incarnation = 1, .host = "h", .port = 8770, .instance = "one"}});
    const auto code = [&](const JoinRequest& request) {
        const auto refusal = refusal_to_join(request, main_terms, given.view().nodes);
        return refusal ? refusal->code : "";
    };
    CHECK(code({.node = {"gpu-8"}, .cluster = "other"}) == "wrong_cluster");
    CHECK(code({.node = {"gpu-8"}, .protocol = join_protocol + 1}) == "incompatible_version");
    CHECK(code({.node = {"gpu-7"}, .instance = "two"}) == "node_id_taken");
    CHECK(code({.node = {"gpu-7"}, .instance = "one"}).empty());
    CHECK(code({.node = {"gpu-8"}, .cluster = "main"}).empty());
    CHECK(members_of(given.view().nodes) == std::vector<std::string>{"h:8770"});
}

TEST_CASE("somebody who only reads the log needs its servers and who to be there, no more") {
    const TemporaryFolder folder;
    Options options;
    options.data_dir = folder.path();
    const auto find = [&](const AskMember& ask) {
        return find_log(options, "on-x", ask, [] { return start; });
    };
    const AskMember nobody = [](const auto&) {
        return bus::Result<cli::ClientResponse, cli::ClientTrouble>(
            cli::ClientTrouble{.sentence = "Nothing listens."});
    };
    CHECK(find(nobody).error().code == ExitCode::usage);
    options.nats = {"nats://n:4222"};
    const auto open = find(nobody);
    REQUIRE(open.ok());
    CHECK(open->nats.user.empty());
    CHECK(open->nats.name == "on-x");
    options.join_token = "secret";
    CHECK(find(nobody)->nats.password == nats_password("secret", "main"));
    options.nats = {};
    options.peers = {"v1:8770"};
    CHECK(find(nobody).error().code == ExitCode::unreachable);
    std::string asked;
    const auto told = find([&](const cli::ClientRequest& request)
                               -> bus::Result<cli::ClientResponse, cli::ClientTrouble> {
        asked = request.target;
        return answer(main_terms);
    });
    REQUIRE(told.ok());
    CHECK(asked.find("node=on-x&") != std::string::npos);
    CHECK(told->nats.servers == std::vector<std::string>{"nats://v1:4222"});
    CHECK(told->nats.user == nats_user);
    CHECK_FALSE(remembers_cluster(folder.path()));
}

TEST_CASE("an id that another machine holds can be joined with only when that one is dead") {
    Given given({bus::NodeJoined{.node = {"gpu-7"}, .incarnation = 4, .instance = "one"}});
    const bus::NodeJoined twin = {.node = {"gpu-7"}, .incarnation = 5, .instance = "two"};
    given.when(producers::JoinCluster{twin}).then_refused(producers::Refusal::Kind::id_taken);
    bus::NodeJoined again = twin;
    again.instance = "one";
    given.when(producers::JoinCluster{again}).then({again});
    given.say(bus::HostOffline{.node = {"gpu-7"}, .incarnation = 4});
    given.when(producers::JoinCluster{twin}).then({twin});
}

TEST_CASE("a managed server's file holds no more than it must, and nothing can break out of it") {
    const std::string text = server_config_text({.name = "v\"1\n}",
                                                 .cluster = "main",
                                                 .listen = "::1",
                                                 .routes = {{.host = "v2", .port = 6222}},
                                                 .store = "/data/nats",
                                                 .join_token = "secret"});
    CHECK(text.find("server_name: \"v\\\"1\\n}\"\n") != std::string::npos);
    CHECK(text.find("listen: \"[::1]:4222\"") != std::string::npos);
    CHECK(text.find("nats-route://route:") != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find("sync_interval") == std::string::npos);
    CHECK(text.find(nats_password("secret", "main")) != std::string::npos);
    CHECK(nats_password("secret", "main") != nats_password("secret", "other"));
    CHECK(server_config_text({.cluster = "main"}).find("cluster {") == std::string::npos);
}
