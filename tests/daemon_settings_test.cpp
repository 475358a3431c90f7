// What an operator chooses reaches the node.

#include "ops/daemon_settings.hpp"

#include "tests/catch.hpp"

using namespace ringrift;
using namespace std::chrono_literals;

TEST_CASE("what is chosen of silence and of elections is what the node goes by") {
    ops::Options options;
    options.node_id = "v2";
    options.heartbeat = 1s;
    options.lease = 3s;
    options.suspect_after = 4s;
    options.dead_after = 6s;
    options.preferred = "v1";
    options.leader_beacon = 100ms;
    options.leader_lease = 900ms;
    const auto settings = ops::node_settings(options, {}, {}, {}, "nats");
    CHECK(settings.self.node == bus::NodeId{"v2"});
    CHECK(settings.heartbeat == 1s);
    CHECK(settings.lease == 3s);
    CHECK(settings.silence.suspected_after == 4s);
    CHECK(settings.silence.offline_after == 6s);
    CHECK(settings.preferred == bus::NodeId{"v1"});
    CHECK(settings.election_times.beacon == 100ms);
    CHECK(settings.election_times.lease == 900ms);
}

TEST_CASE("without a choice, a node goes by what its parts take for usual") {
    const auto settings = ops::node_settings({}, {}, {}, {}, "nats");
    const ops::NodeSettings usual;
    CHECK(settings.heartbeat == usual.heartbeat);
    CHECK(settings.lease == usual.lease);
    CHECK(settings.silence.suspected_after == usual.silence.suspected_after);
    CHECK(settings.silence.offline_after == usual.silence.offline_after);
    CHECK(settings.election_times.beacon == usual.election_times.beacon);
    CHECK(settings.election_times.lease == usual.election_times.lease);
    CHECK(settings.election_times.promise == usual.election_times.promise);
    CHECK(settings.stop_grace == usual.stop_grace);
    CHECK(settings.copies == usual.copies);
}
