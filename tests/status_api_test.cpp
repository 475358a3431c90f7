// What operators and their scripts are promised of the status API: the runbook's fields, the
// filters, who may change what, and how events are followed.

#include "ops/http/auth.hpp"
#include "tests/api_world.hpp"

using namespace ringrift::tests;
using ringrift::ops::AdminReply;
using ringrift::ops::http::ApiOptions;
using ringrift::ops::http::Request;
using ringrift::ops::http::ServerOptions;
namespace bus = ringrift::bus;
namespace json = boost::json;

TEST_CASE("every field that the runbook reads is in /status, with its type") {
    ApiWorld world;
    fill(world);
    const json::value status = world.get_json("/status");
    for (const char* text : {"/node_id", "/role", "/leader_id"})
        CHECK(status.at_pointer(text).is_string());
    for (const char* number :
         {"/alive_peers", "/total_peers", "/uptime_seconds", "/selfplay_jobs", "/training_jobs",
          "/loops/auto_scaling/last_run", "/loops/job_reaper/last_run",
          "/work_queue/by_status/claimed", "/event_subscription_status/timestamp"}) {
        INFO(number);
        CHECK(status.at_pointer(number).is_number());
    }
    for (const char* flag :
         {"/event_subscription_status/daemon_events", "/event_subscription_status/feedback_signals",
          "/event_subscription_status/manager_events", "/event_subscription_status/all_healthy",
          "/loops/idle_detection/enabled"}) {
        INFO(flag);
        CHECK(status.at_pointer(flag).as_bool());
    }
    CHECK(status.at("role").as_string() == "leader");
    CHECK(status.at("leader_id").as_string() == "boss");
    CHECK(status.at("alive_peers").as_int64() == 1);
    CHECK(status.at("total_peers").as_int64() == 1);
    CHECK(status.at("training_jobs").as_int64() == 1);
    CHECK(status.at("selfplay_jobs").as_int64() == 0);
    CHECK(status.at("loops").as_object().size() == 13);
    CHECK(status.at("known_peers").as_array().size() == 1);
    CHECK(status.at_pointer("/event_subscription_status/critical_failed").as_array().empty());
    CHECK(status.at_pointer("/peers/gpu-1/is_alive").as_bool());
    CHECK(status.at_pointer("/self/node_id").as_string() == "boss");
    CHECK(status.at("epoch").to_number<int>() == 1);
    CHECK(status.at("position").to_number<int>() == world.said);
    CHECK(status.at_pointer("/refusals/not_held").as_int64() == 2);
    CHECK(status.at_pointer("/work_queue/oldest_age_seconds/pending").to_number<double>() == 2.0);
    CHECK(status.at_pointer("/work_queue/why_waiting/too_large/items").as_int64() == 1);
}

TEST_CASE("a node that is alone has no peers, as in the original") {
    ApiWorld world;
    const json::value status = world.get_json("/status");
    CHECK(status.at("alive_peers").as_int64() == 0);
    CHECK(status.at("total_peers").as_int64() == 0);
}

TEST_CASE("a critical subscription that is not proved shows in /status and in /ready") {
    ApiWorld world;
    fill(world);
    CHECK(world.get_json("/ready").at("ready").as_bool());
    world.pulse.subscriptions[1].healthy = false;
    world.beat();
    const json::value status = world.get_json("/status");
    CHECK_FALSE(status.at_pointer("/event_subscription_status/manager_events").as_bool());
    CHECK(status.at_pointer("/event_subscription_status/critical_failed/0").as_string() ==
          "TRAINING_COMPLETED");
    const json::value ready = world.get_json("/ready", 503);
    CHECK_FALSE(ready.at("ready").as_bool());
    CHECK(ready.at("reasons").as_array().size() == 1);
}

TEST_CASE("health is ok while the node's thread goes round, and 503 when it is stuck") {
    ApiWorld world;
    const json::value healthy = world.get_json("/health");
    CHECK(healthy.at("status").as_string() == "ok");
    CHECK(healthy.at("healthy").as_bool());
    world.time = world.time.load() + 5001ms;
    const json::value stuck = world.get_json("/health", 503);
    CHECK(stuck.at("status").as_string() == "error");
    CHECK_FALSE(stuck.at("healthy").as_bool());
    CHECK(stuck.at("hint").is_string());
    CHECK(status_of(get(world.port, "/status")) == 200);
}

TEST_CASE("what the log gained is in the next answer, and its headers say how far it is") {
    ApiWorld world;
    CHECK(get(world.port, "/status").find("X-RingRift-Position: 1\r\n") != std::string::npos);
    world.say(bus::NodeJoined{.node = {"new"}, .incarnation = 1});
    const std::string answer = get(world.port, "/status");
    CHECK(answer.find("X-RingRift-Position: 2\r\n") != std::string::npos);
    CHECK(answer.find("X-RingRift-Epoch: 1\r\n") != std::string::npos);
    CHECK(json::parse(body_of(answer)).at("total_peers").as_int64() == 1);
    CHECK(get(world.port, "/nowhere").find("X-RingRift-Epoch: 1\r\n") != std::string::npos);
}

TEST_CASE("a log that cannot be read is said, not hidden") {
    ApiWorld world;
    fill(world);
    CHECK(world.get_json("/status").at("position").to_number<int>() == world.said);
    world.log.broken = true;
    world.time = world.time.load() + 200ms;
    const json::value status = world.get_json("/status");
    CHECK(status.at_pointer("/log/trouble").as_string() == "The log cannot be read now.");
    CHECK(world.get_json("/events", 503).at("code").as_string() == "log_unavailable");
}

TEST_CASE("active jobs name work, node, fence and, of this node's own, process and progress") {
    ApiWorld world;
    fill(world);
    const json::value jobs = world.get_json("/jobs");
    REQUIRE(jobs.at("active_jobs").as_array().size() == 1);
    const json::object& job = jobs.at_pointer("/active_jobs/0").as_object();
    CHECK(job.at("work_id").as_string() == "w-1");
    CHECK(job.at("node").as_string() == "gpu-1");
    CHECK(job.at("status").as_string() == "running");
    CHECK(job.at("pid").as_int64() == 4711);
    CHECK(job.at("progress").as_double() == 0.25);
    CHECK(world.get_json("/api/jobs?limit=x&local=1").at("jobs").as_array().size() == 1);
    CHECK(world.get_json("/jobs?type=selfplay").at("active_jobs").as_array().empty());
    CHECK(body_of(get(world.port, "/jobs/w-1/stderr")) == "stderr of w-1");
    CHECK(status_of(get(world.port, "/jobs/w%2F2%20a/stdout")) == 404);
}

TEST_CASE("work is filtered, and a wrong filter is named") {
    ApiWorld world;
    fill(world);
    CHECK(world.get_json("/work").at("work").as_array().size() == 2);
    CHECK(world.get_json("/work?status=pending").at_pointer("/work/0/work_id").as_string() ==
          "w/2 a");
    CHECK(world.get_json("/work?type=training&status=running&config=hex5_2p")
              .at("count")
              .to_number<int>() == 1);
    CHECK(world.get_json("/work?limit=1").at("matching").to_number<int>() == 2);
    CHECK(world.get_json("/work?status=nonsense", 400).at("error").as_string() ==
          "Parameter 'status' is 'nonsense'.");
    CHECK(world.get_json("/work?limit=0", 400).at("code").as_string() == "invalid_parameter");
    CHECK(world.get_json("/work?stauts=pending", 400).at("code").as_string() ==
          "unknown_parameter");
    CHECK(world.get_json("/work/w%2F2%20a").at_pointer("/why_waiting/code").as_string() ==
          "too_large");
    CHECK(world.get_json("/work/none", 404).at("code").as_string() == "unknown_work");
}

TEST_CASE("ratings come best first with error bars, and an unknown config is 404") {
    ApiWorld world;
    fill(world);
    const json::value elo = world.get_json("/elo?config=hex5_2p");
    CHECK(elo.at_pointer("/configs/hex5_2p/ratings/0/model").as_string() == "abc");
    CHECK(elo.at_pointer("/configs/hex5_2p/ratings/0/elo").as_double() == 123.4);
    CHECK(elo.at_pointer("/configs/hex5_2p/ratings/0/error95").as_double() == 20.5);
    CHECK(elo.at_pointer("/configs/hex5_2p/ratings/1/model").as_string() == "init");
    CHECK(world.get_json("/elo?config=chess", 404).at("code").as_string() == "unknown_config");
}

TEST_CASE("events are read in pages, by type, noun, key and time") {
    ApiWorld world;
    fill(world);
    const json::value all = world.get_json("/events?limit=5");
    CHECK(all.at("events").as_array().size() == 5);
    CHECK(all.at("next").to_number<int>() == 5);
    CHECK(all.at("more").as_bool());
    CHECK(all.at_pointer("/events/0/specversion").as_string() == "1.0");
    CHECK(all.at_pointer("/events/0/position").to_number<int>() == 1);
    const json::value rest = world.get_json("/events?after=5");
    CHECK(rest.at("events").as_array().size() == std::size_t(world.said - 5));
    CHECK_FALSE(rest.at("more").as_bool());
    CHECK(world.get_json("/events?type=WORK_CLAIMED").at("events").as_array().size() == 1);
    CHECK(world.get_json("/events?noun=ratings").at("events").as_array().size() == 2);
    CHECK(world.get_json("/events?key=w-1").at("events").as_array().size() == 3);
    CHECK(world.get_json("/events?tail=2&noun=work").at_pointer("/events/0/type").as_string() ==
          "WORK_STARTED");
    CHECK(world.get_json("/events?since=1s").at("events").as_array().size() == 2);
    CHECK(world.get_json("/events?since=2025-12-28T10:00:03Z")
              .at_pointer("/events/0/position")
              .to_number<int>() == 3);
    CHECK(world.get_json("/events?since=yesterday", 400).at("code").as_string() ==
          "invalid_parameter");
    CHECK(world.get_json("/events?noun=jobs", 400).at("code").as_string() == "invalid_parameter");
}

TEST_CASE("events are followed from where the client left off") {
    ApiWorld world;
    fill(world);
    RawHttp client(world.port);
    client.send(
        "GET /events?noun=work HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nLast-Event-ID: "
        "5\r\n\r\n");
    CHECK(client.read_until("\r\n\r\n").find("Content-Type: text/event-stream") !=
          std::string::npos);
    const std::string first = client.read_until("\n\n");
    CHECK(first.starts_with("id: 6\nevent: WORK_STARTED\ndata: {\"specversion\""));
    CHECK(client.read_until("\n\n").starts_with("id: 7\nevent: WORK_QUEUED"));
    world.say(bus::NodeJoined{.node = {"other"}, .incarnation = 1});
    world.say(bus::WorkCancelled{.work = {"w/2 a"}, .reason = "enough"});
    world.server.wake();
    CHECK(client.read_until("\n\n").starts_with("id: 11\nevent: WORK_CANCELLED"));
}

TEST_CASE("an item's history is told in sentences, with why it waits") {
    ApiWorld world;
    fill(world);
    const json::value told = world.get_json("/explain/work/w-1");
    REQUIRE(told.at("events").as_array().size() == 3);
    CHECK(told.at_pointer("/events/1/sentence").as_string() == "Given to gpu-1 (fence 5).");
    CHECK(told.at("why_waiting").is_null());
    const json::value waits = world.get_json("/explain/work/w%2F2%20a");
    CHECK(waits.at_pointer("/why_waiting/code").as_string() == "too_large");
    CHECK(world.get_json("/explain/work/none", 404).at("code").as_string() == "unknown_work");
}

TEST_CASE("a result that came too late stands in the item's history as what it is") {
    ApiWorld world;
    fill(world);
    const bus::Position fence = 5;
    const bus::WorkCompleted done = {.work = {"w-1"}, .node = {"gpu-1"}, .fence = fence};
    world.say(bus::WorkLeaseExpired{.work = {"w-1"}, .node = {"gpu-1"}, .fence = fence});
    world.say(done);
    const json::value late = world.get_json("/explain/work/w-1");
    REQUIRE(late.at("events").as_array().size() == 5);
    CHECK(late.at_pointer("/events/4/too_late").as_bool());
    CHECK(std::string(late.at_pointer("/events/4/sentence").as_string())
              .find("Too late: its claim had ended") != std::string::npos);

    const bus::Position again = world.say(bus::WorkClaimed{.work = {"w-1"}, .node = {"gpu-2"}});
    world.say(bus::WorkCompleted{.work = {"w-1"}, .node = {"gpu-2"}, .fence = again});
    const json::value told = world.get_json("/explain/work/w-1");
    CHECK(told.at_pointer("/events/4/too_late").as_bool());
    CHECK_FALSE(told.at_pointer("/events/6/too_late").as_bool());
}

TEST_CASE("an admin request reaches the node with its actor, reason and parameters") {
    ApiWorld world;
    const std::string answer =
        post(world.port, "/admin/jobs/reset-stale", "", R"({"reason":"stuck","dry_run":true})");
    CHECK(status_of(answer) == 200);
    CHECK(json::parse(body_of(answer)).at_pointer("/details/released").as_string() == "3");
    CHECK(world.last_asked().action == "jobs/reset-stale");
    CHECK(world.last_asked().reason == "stuck");
    CHECK(world.last_asked().dry_run);
    CHECK(world.last_asked().actor == "127.0.0.1");
    for (const std::string path :
         {"/admin/election/start", "/admin/shutdown", "/admin/sync/trigger", "/election/start"}) {
        CHECK(status_of(post(world.port, path)) == 200);
    }
    CHECK(status_of(post(world.port, "/work/cancel?work=w-1")) == 200);
    CHECK(world.last_asked().parameters.at("work") == "w-1");
    CHECK(status_of(post(world.port, "/work/cancel")) == 400);
    CHECK(status_of(post(world.port, "/work/add", "",
                         R"({"work_type":"selfplay","config":"hex5_2p"})")) == 200);
    CHECK(json::parse(world.last_asked().body).at("type").as_string() == "selfplay");
    CHECK(status_of(post(world.port, "/work/add", "", R"({"type":"selfplay"})")) == 400);
    CHECK(status_of(post(world.port, "/admin/shutdown", "", "[1]")) == 400);
    CHECK(status_of(post(world.port, "/admin/shutdown", "", R"({"dry_run":"yes"})")) == 400);
}

TEST_CASE("what the node refuses is refused with its code and hint") {
    ApiWorld world;
    world.node_answer = [](const auto&) {
        return AdminReply{.status = 409,
                          .code = "not_open",
                          .sentence = "It has ended already.",
                          .hint = "Nothing to do."};
    };
    const std::string answer = post(world.port, "/work/cancel", "", R"({"work":"w-1"})");
    CHECK(status_of(answer) == 409);
    CHECK(json::parse(body_of(answer)).at("code").as_string() == "not_open");
}

TEST_CASE("a node that does not answer, or is asked too much, is a 503 with a sentence") {
    ApiOptions options;
    options.admin_deadline = 200ms;
    ApiWorld world(options);
    world.mute = true;
    for (const std::string code : {"no_answer", "no_answer", "busy"}) {
        const std::string answer = post(world.port, "/admin/sync/trigger");
        CHECK(status_of(answer) == 503);
        CHECK(json::parse(body_of(answer)).at("code").as_string() == code);
    }
}

TEST_CASE("a fact from outside is checked at the door and passed on") {
    ApiWorld world;
    const std::string good =
        R"({"type":"work_cancelled","data":{"work":"w-1","reason":"test"},"id":"x-1"})";
    CHECK(status_of(post(world.port, "/events", "", good)) == 200);
    CHECK(world.last_asked().action == "ingest");
    CHECK(world.last_asked().parameters.at("id") == "x-1");
    const std::string bad = post(world.port, "/events", "",
                                 R"({"type":"WORK_CANCELLED","data":{"work":"w-1","reason":1}})");
    CHECK(status_of(bad) == 400);
    CHECK(json::parse(body_of(bad)).at("code").as_string() == "invalid_event");
    CHECK(status_of(post(world.port, "/events", "", R"({"data":{}})")) == 400);
    CHECK(status_of(post(world.port, "/events", "", R"({"type":"NO_SUCH","data":{}})")) == 400);
}

TEST_CASE("the original's envelope is read, and what only lacks something is passed on") {
    ApiWorld world;
    CHECK(status_of(post(world.port, "/events", "",
                         R"({"event_type":"training_complete","event_id":"e-7",
                         "timestamp":1766916000.25,"source":"train.py",
                         "payload":{"config_key":"hex5_2p","model_path":"m.pth"}})")) == 200);
    CHECK(world.last_asked().parameters.at("type") == "training_complete");
    CHECK(world.last_asked().parameters.at("id") == "e-7");
    CHECK_FALSE(world.last_asked().parameters.at("time").empty());
}

TEST_CASE("a parked event is listed, found, and driven anew with what is added") {
    ApiWorld world;
    const bus::Position at =
        world.say(bus::Unread{.why = bus::Unread::Why::parked,
                              .type = "TRAINING_COMPLETED",
                              .subject = "hex5_2p",
                              .problem = "it names no file",
                              .data = R"({"config_key":"hex5_2p","model_path":"m.pth"})"});
    const std::string parked = "e" + std::to_string(world.said);
    const json::value status = world.get_json("/status");
    CHECK(status.at_pointer("/parked/0/problem").as_string() == "it names no file");
    CHECK(world.get_json("/events?noun=unread").at("events").as_array().size() == 1);

    const auto redrive = [&](const std::string& body) {
        return status_of(post(world.port, "/events", "", body));
    };
    CHECK(redrive("{\"redrive\":" + std::to_string(at) + R"(,"data":{"model":"abc"}})") == 200);
    const auto asked = world.last_asked();
    CHECK(asked.action == "ingest");
    CHECK(asked.parameters.at("type") == "TRAINING_COMPLETED");
    CHECK(asked.parameters.at("cause") == parked);
    CHECK(json::parse(asked.body) ==
          json::parse(R"({"config_key":"hex5_2p","model_path":"m.pth","model":"abc"})"));
    CHECK(redrive(R"({"redrive":1})") == 404);    // LEADER_ELECTED
    CHECK(redrive(R"({"redrive":999})") == 404);  // Not there.
    CHECK(redrive(R"({"redrive":"x"})") == 400);
    CHECK(redrive(R"({"redrive":0})") == 400);
}

TEST_CASE("with a token every POST needs it, in any of three headers; GET stays open") {
    ApiOptions options;
    options.admin_token = "secret";
    ApiWorld world(options);
    CHECK(status_of(get(world.port, "/status")) == 200);
    for (const std::string good : {"Authorization: Bearer secret\r\n",
                                   "X-RingRift-Auth: secret\r\n", "X-Admin-Token: secret\r\n"}) {
        CHECK(status_of(post(world.port, "/admin/sync/trigger", good)) == 200);
    }
    for (const std::string bad :
         {"", "Authorization: Bearer secre\r\n", "Authorization: Bearer secret2\r\n",
          "Authorization: Basic secret\r\n", "Authorization: Bearer \r\n", "X-Admin-Token: \r\n"}) {
        INFO(bad);
        CHECK(status_of(post(world.port, "/admin/sync/trigger", bad)) == 401);
    }
    CHECK(post(world.port, "/admin/sync/trigger").find("WWW-Authenticate: Bearer") !=
          std::string::npos);
}

TEST_CASE("without a token only this machine may POST, and no web page or proxy on it") {
    const auto status = [](bool loopback, std::map<std::string, std::string> headers) {
        const Request request = {
            .method = "POST", .headers = std::move(headers), .from_loopback = loopback};
        const auto refusal = ringrift::ops::http::refusal_to_post(request, "");
        return refusal ? refusal->status : 200;
    };
    CHECK(status(true, {{"host", "localhost:8770"}}) == 200);
    CHECK(status(true, {{"host", "[::1]:8770"}}) == 200);
    CHECK(status(true, {{"host", "127.0.0.1:8770"}, {"origin", "http://127.0.0.1:8770"}}) == 200);
    CHECK(status(false, {{"host", "10.0.0.1:8770"}}) == 403);
    CHECK(status(true, {{"host", "127.0.0.1:8770"}, {"origin", "http://evil.example"}}) == 403);
    CHECK(status(true, {{"host", "127.0.0.1:8770"}, {"origin", "null"}}) == 403);
    CHECK(status(true, {{"host", "127.0.0.1:8770"}, {"sec-fetch-site", "cross-site"}}) == 403);
    CHECK(status(true, {{"host", "evil.example:8770"}, {"origin", "http://evil.example:8770"}}) ==
          403);
    CHECK(status(true, {{"host", "127.0.0.1.evil.example"}}) == 403);
    CHECK(status(true, {{"host", "localhost"}, {"x-forwarded-for", "10.0.0.9"}}) == 403);
}

TEST_CASE(
    "paths that are not there, methods that are not possible, and the document of those that are") {
    ApiWorld world;
    CHECK(world.get_json("/nothing", 404).at("code").as_string() == "no_such_path");
    const std::string wrong = get(world.port, "/admin/shutdown");
    CHECK(status_of(wrong) == 405);
    CHECK(wrong.find("Allow: POST\r\n") != std::string::npos);
    const json::value document = world.get_json("/openapi.json");
    CHECK(document.at("openapi").as_string() == "3.1.0");
    for (const auto& route : world.api.routes()) {
        INFO(route.pattern);
        CHECK(document.at("paths").as_object().contains(route.pattern));
    }
    CHECK(document.at("paths")
              .at("/work/{work}")
              .at("get")
              .at("parameters")
              .at(0)
              .at("in")
              .as_string() == "path");
    CHECK(status_of(get(world.port, "/")) == 200);
    for (const std::string path : {"/nodes", "/models", "/sync", "/loops/status", "/work/status"})
        CHECK(status_of(get(world.port, path)) == 200);
}
