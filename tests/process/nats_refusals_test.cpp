// What NATS refuses, and what the log refuses of NATS: each is a state with a sentence that says
// what to do, and nothing is lost or taken for something else.

#include "bus/codec.hpp"
#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace ringrift::tests;

namespace {

constexpr const char* stream = "RINGRIFT_main";

/// Waits until the log is in `state`; its sentence then.
std::string sentence_of(const ConnectedLog& log, NatsState state) {
    await([&] { return log.log.health().state == state; }, 30s);
    const NatsHealth health = log.log.health();
    INFO(health.sentence);
    CHECK(name_of(health.state) == name_of(state));
    return health.sentence;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::unique_ptr<ConnectedLog> ready_log(const NatsServer& server, NatsLogSettings settings = {}) {
    auto log = std::make_unique<ConnectedLog>(quick_settings({server.url()}), std::move(settings));
    INFO(log->log.health().sentence);
    REQUIRE(log->log.wait_ready(30s));
    return log;
}

void append(Log& log, std::int64_t first, std::int64_t last) {
    std::vector<Event> events;
    for (std::int64_t i = first; i <= last; ++i) events.push_back(numbered(i));
    const auto appended = log.append(events);
    INFO(log.trouble());
    REQUIRE(appended.ok());
}

}  // namespace

TEST_CASE("an event that the server is too strict for is too large, and says what to configure") {
    NatsServer server(NatsServer::Options{.max_payload = "1MB"});
    const auto log = ready_log(server);
    const std::size_t rest = event_bytes_max - encode(numbered(2)).size();
    CHECK(log->append(std::vector{numbered(1), numbered(2, rest)}).error() ==
          AppendError::too_large);
    CHECK(holds(log->trouble(), "event e2 is larger than the NATS server takes"));
    CHECK(holds(log->trouble(), "max_payload: 2MB"));
    append(*log, 1, 1);
    CHECK(read_all(*log).size() == 1);
}

TEST_CASE("a wrong password is said, and tried again until it is right") {
    NatsServer server(
        NatsServer::Options{.config = "authorization { user: ringrift, password: right }"});
    NatsSettings settings = quick_settings({server.url()});
    settings.user = "ringrift";
    settings.password = "wrong";
    {
        ConnectedLog log(settings, {});
        CHECK(holds(sentence_of(log, NatsState::bad_credentials), "correct user, password"));
        CHECK(log.append(std::vector{numbered(1)}).error() == AppendError::refused);
        server.reconfigure("authorization { user: ringrift, password: wrong }");
        CHECK(log.log.wait_ready(30s));
        append(log, 1, 1);
        // The password is changed under our feet.
        server.reconfigure("authorization { user: ringrift, password: right }");
        sentence_of(log, NatsState::bad_credentials);
    }
    settings.password = "right";
    ConnectedLog log(settings, {});
    CHECK(log.log.wait_ready(30s));
}

TEST_CASE("a forbidden subject is refused soon and by name; what is permitted goes on") {
    NatsServer server(NatsServer::Options{
        .config = "authorization { users: [ { user: a, password: b, permissions: { publish: { "
                  "deny: [\"ringrift.main.training.>\"] } } } ] }"});
    NatsSettings settings = quick_settings({server.url()});
    settings.user = "a";
    settings.password = "b";
    ConnectedLog log(settings, {});
    REQUIRE(log.log.wait_ready(30s));
    Event forbidden = numbered(2);
    forbidden.fact = ModelPromoted{};
    const auto begin = std::chrono::steady_clock::now();
    CHECK(log.append(std::vector{forbidden}).error() == AppendError::refused);
    CHECK(std::chrono::steady_clock::now() - begin < 1500ms);
    CHECK(holds(log.trouble(), "ringrift.main.training."));
    CHECK(holds(log.trouble(), "permit publish"));
    append(log, 1, 1);
    CHECK(read_all(log).size() == 1);
}

TEST_CASE("who may not ask JetStream is told so") {
    NatsServer server(NatsServer::Options{
        .config = "authorization { users: [ { user: a, password: b, permissions: { publish: "
                  "[\"ringrift.>\"] } } ] }"});
    NatsSettings settings = quick_settings({server.url()});
    settings.user = "a";
    settings.password = "b";
    ConnectedLog log(settings, {});
    CHECK(holds(sentence_of(log, NatsState::not_permitted), "$JS.API"));
    CHECK(log.append(std::vector{numbered(1)}).error() == AppendError::refused);
}

TEST_CASE("a stream that may grow no more is full, and goes on when it may") {
    NatsServer server;
    const auto log = ready_log(server);
    append(*log, 1, 10);
    Operator person(server.url());
    person.edit(stream, [](jsStreamConfig& config) { config.MaxBytes = 20'000; });
    CHECK(log->append(std::vector{numbered(11, 30'000)}).error() == AppendError::full);
    CHECK(holds(sentence_of(*log, NatsState::stream_full), "free some"));
    CHECK(log->read(0, 99).value().size() == 10);
    append(*log, 12, 12);
    CHECK(log->log.health().state == NatsState::connected);
    person.edit(stream, [](jsStreamConfig& config) { config.MaxBytes = -1; });
    CHECK(log->append(std::vector{numbered(11, 30'000)}).ok());
}

TEST_CASE("more replicas than there are servers: the stream is not made with fewer") {
    NatsServer server;
    ConnectedLog log(quick_settings({server.url()}), {.stream = {.replicas = 3}});
    CHECK(holds(sentence_of(log, NatsState::stream_missing), "must form a cluster"));
}

TEST_CASE("a server without JetStream is told from one that is away") {
    NatsServer server(NatsServer::Options{.without_jetstream = true});
    ConnectedLog log(quick_settings({server.url()}), {});
    CHECK(holds(sentence_of(log, NatsState::no_jetstream), "enable JetStream"));
    CHECK(log.append(std::vector{numbered(1)}).error() == AppendError::refused);
}

TEST_CASE("a stream that would lose events is not used, and every difference is named") {
    NatsServer server;
    Operator person(server.url());
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    const char* subjects[] = {"ringrift.main.>"};
    config.Name = stream;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxAge = 3'600'000'000'000;
    REQUIRE(js_AddStream(nullptr, person.jetstream(), &config, nullptr, nullptr) == NATS_OK);
    ConnectedLog log(quick_settings({server.url()}), {});
    const std::string sentence = sentence_of(log, NatsState::stream_differs);
    for (const char* part : {"subjects are ringrift.main.>,", "max_age", "deny_delete",
                             "deny_purge", "discard", "duplicate_window", "nats stream edit"}) {
        INFO(sentence);
        CHECK(holds(sentence, part));
    }
    CHECK(log.append(std::vector{numbered(1)}).error() == AppendError::refused);
}

TEST_CASE("telemetry, the wire and ingest are not in the stream") {
    NatsServer server;
    const auto log = ready_log(server);
    append(*log, 1, 2);
    Operator person(server.url());
    for (const char* subject : {"ringrift.main.telemetry.gpu-7", "ringrift.main.wire.gpu-7",
                                "ringrift.main.ingest.SYNC_COMPLETED", "ringrift.other.work.w.X"})
        REQUIRE(natsConnection_PublishString(person.connection(), subject, "x") == NATS_OK);
    REQUIRE(natsConnection_Flush(person.connection()) == NATS_OK);
    append(*log, 3, 3);
    CHECK(log->last().value() == 3);
}

TEST_CASE(
    "what an operator sees of an event: its subject, its id as Nats-Msg-Id, one line of JSON") {
    NatsServer server;
    const auto log = ready_log(server);
    append(*log, 7, 7);
    Operator person(server.url());
    natsMsg* message = nullptr;
    REQUIRE(js_GetMsg(&message, person.jetstream(), stream, 1, nullptr, nullptr) == NATS_OK);
    CHECK(std::string(natsMsg_GetSubject(message)) == "ringrift.main.work.w-7.WORK_RELEASED");
    const char* header = nullptr;
    REQUIRE(natsMsgHeader_Get(message, "Nats-Msg-Id", &header) == NATS_OK);
    CHECK(std::string(header) == "e7");
    CHECK(holds(natsMsg_GetData(message), R"("specversion":"1.0","id":"e7")"));
    natsMsg_Destroy(message);
}

TEST_CASE("a wiped store is not taken for a new log by who knows the old one") {
    NatsServer server;
    const auto log = ready_log(server);
    append(*log, 1, 5);
    REQUIRE(log->read(0, 5).value().size() == 5);
    const auto mark = log->log.mark();
    REQUIRE(mark);
    server.kill();
    server.wipe();
    server.start();
    CHECK(holds(sentence_of(*log, NatsState::stream_missing), "has seen it"));
    CHECK(log->append(std::vector{numbered(6)}).error() == AppendError::refused);
    SECTION("nor after a restart of the node") {
        ConnectedLog later(quick_settings({server.url()}), {.mark = mark});
        sentence_of(later, NatsState::stream_missing);
    }
    SECTION("nor when a newcomer has made it anew") {
        const auto newcomer = ready_log(server);
        append(*newcomer, 1, 9);
        CHECK(holds(sentence_of(*log, NatsState::replaced), mark->began));
        CHECK(log->read(5, 9).error() == ReadError::damaged);
        CHECK(log->append(std::vector{numbered(6)}).error() == AppendError::refused);
        ConnectedLog later(quick_settings({server.url()}), {.mark = mark});
        sentence_of(later, NatsState::replaced);
    }
}

TEST_CASE("a log that lost its tail is not read on, even when it has grown again") {
    NatsServer server;
    auto log = ready_log(server);
    append(*log, 1, 5);
    server.stop();
    const TemporaryFolder backup;
    std::filesystem::copy(server.store(), backup / "store",
                          std::filesystem::copy_options::recursive);
    server.start();
    REQUIRE(await([&] { return log->append(std::vector{numbered(6), numbered(7)}).ok(); }, 30s));
    REQUIRE(read_all(*log).size() == 7);
    const auto mark = log->log.mark();
    REQUIRE(mark->position == 7);
    CHECK(mark_from_text(to_text(*mark)) == mark);
    server.stop();
    server.wipe();
    std::filesystem::copy(backup / "store", server.store(),
                          std::filesystem::copy_options::recursive);
    server.start();
    SECTION("it ends too early") {
        CHECK(holds(sentence_of(*log, NatsState::went_back), "ends at event 5"));
        CHECK(log->read(7, 9).error() == ReadError::damaged);
        CHECK(log->append(std::vector{numbered(8)}).error() == AppendError::refused);
    }
    SECTION("it has other events where the last were") {
        log.reset();
        append(*ready_log(server), 100, 103);
        ConnectedLog later(quick_settings({server.url()}), {.mark = mark});
        CHECK(holds(sentence_of(later, NatsState::went_back),
                    "event 7 of stream RINGRIFT_main was e7, but now event 7, e101, comes"));
        CHECK(later.read(7, 9).error() == ReadError::damaged);
    }
}

TEST_CASE("an event that somebody deleted is a gap, and nothing behind it is read") {
    NatsServer server;
    Operator person(server.url());
    append(*ready_log(server), 1, 5);
    // Deletion is denied; it takes a stream that did not deny it when the event was deleted.
    jsStreamInfo* info = nullptr;
    REQUIRE(js_GetStreamInfo(&info, person.jetstream(), stream, nullptr, nullptr) == NATS_OK);
    CHECK(js_DeleteMsg(person.jetstream(), stream, 3, nullptr, nullptr) != NATS_OK);
    REQUIRE(js_DeleteStream(person.jetstream(), stream, nullptr, nullptr) == NATS_OK);
    info->Config->DenyDelete = info->Config->DenyPurge = false;
    REQUIRE(js_AddStream(nullptr, person.jetstream(), info->Config, nullptr, nullptr) == NATS_OK);
    for (std::int64_t i = 1; i <= 5; ++i)
        REQUIRE(js_Publish(nullptr, person.jetstream(), "ringrift.main.work.w.X", "{}", 2, nullptr,
                           nullptr) == NATS_OK);
    REQUIRE(js_DeleteMsg(person.jetstream(), stream, 3, nullptr, nullptr) == NATS_OK);
    info->Config->DenyDelete = info->Config->DenyPurge = true;
    REQUIRE(js_UpdateStream(nullptr, person.jetstream(), info->Config, nullptr, nullptr) ==
            NATS_OK);
    jsStreamInfo_Destroy(info);
    ConnectedLog log(quick_settings({server.url()}), {});
    CHECK(holds(sentence_of(log, NatsState::gap), "event 3 is missing"));
    CHECK(log.read(0, 9).error() == ReadError::damaged);
    CHECK(log.append(std::vector{numbered(8)}).error() == AppendError::refused);
}
