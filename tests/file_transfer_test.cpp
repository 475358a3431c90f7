// Files go from node to node: a real server, a real fetch, over TCP on this machine.
//
// Not among the tests for the thread sanitizer, which cannot see into libzmq.

#include <sys/stat.h>

#include <fstream>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "tests/transfer_site.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace ringrift::tests;
using namespace std::chrono_literals;

TEST_CASE("a file of any size comes whole, verified, and leaves nothing behind") {
    Site alpha("alpha");
    Site beta("beta");
    alpha.serve();
    alpha.lets_in({&beta});
    unsigned seed = 0;
    for (const std::size_t size : {0, 1, 64 * 1024, 64 * 1024 + 1, 5'000'000}) {
        const std::string bytes = random_bytes(size, ++seed);
        alpha.has(bytes);
        const auto fetched = success_of(beta.fetch(digest_of(bytes), {alpha.source()}));
        CHECK(fetched.bytes == static_cast<std::int64_t>(size));
        CHECK(beta.holds(bytes));
    }
    CHECK(beta.files_in("incoming") == 0);
    CHECK(beta.files_in("quarantine") == 0);
}

TEST_CASE("who is no member is denied, and may come in as soon as it is one") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    alpha.serve();
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.source()})) == FetchError::denied);
    CHECK(await([&] { return alpha.server->counters().refused > 0; }));
    CHECK(alpha.server->counters().denied == 0);  // It did not even get in.
    alpha.lets_in({&alpha});
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.source()})) == FetchError::denied);
    alpha.lets_in({&alpha, &beta});
    success_of(beta.fetch(digest_of(bytes), {alpha.source()}));
}

TEST_CASE("a member that is put out in the middle of a file gets no more of it") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(4'000'000, 1);
    alpha.has(bytes);
    alpha.serve({.bytes_per_second_max = 1'000'000});
    alpha.lets_in({&beta});
    std::jthread put_out([&] {
        await([&] { return alpha.server->counters().chunks > 3; });
        alpha.lets_in({});
    });
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.source()})) == FetchError::denied);
    CHECK(alpha.server->counters().bytes < 4'000'000);
}

TEST_CASE("who answers without the key that the cluster knows is not believed") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    alpha.serve();
    alpha.lets_in({&beta});
    FileSource source = alpha.source();
    source.server.key = make_node_keys().public_key;
    CHECK(error_of(beta.fetch(digest_of(bytes), {source})) == FetchError::impostor);
}

TEST_CASE("a file that nobody has, and a digest that is none, are said so at once") {
    Site alpha("alpha");
    Site beta("beta");
    alpha.serve();
    alpha.lets_in({&beta});
    CHECK(error_of(beta.fetch(digest_of("x"), {alpha.source()})) == FetchError::no_such_file);
    CHECK(error_of(beta.fetch({"../../etc/passwd"}, {alpha.source()})) == FetchError::no_such_file);
}

TEST_CASE("nobody listening, and no such address, is unreachable in bounded time") {
    Site beta("beta");
    beta.patience = 1s;
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string endpoint :
         {"tcp://127.0.0.1:1", "tcp://no.such.host.invalid:1", "rot"}) {
        const FileSource source = {.node = {"gone"}, .server = {endpoint, beta.keys.public_key}};
        CHECK(error_of(beta.fetch(digest_of("x"), {source})) == FetchError::unreachable);
    }
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE(
    "bytes that are not what the digest says go to quarantine, with evidence, and the source "
    "hears of it") {
    std::vector<FileDigest> doubted;  // Outlives the server, whose thread writes to it.
    std::mutex mutex;
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(300'000, 1);
    const FileDigest file = digest_of("something else");
    alpha.puts(file, bytes);
    alpha.serve({.on_doubt = [&](const FileDigest& one) {
        const std::lock_guard lock(mutex);
        doubted.push_back(one);
    }});
    alpha.lets_in({&beta});
    const auto result = beta.fetch(file, {alpha.source()});
    CHECK(error_of(result) == FetchError::mismatch);
    CHECK(result.error().sentence.find("300000 from alpha") != std::string::npos);
    CHECK_FALSE(beta.store.find(file));
    CHECK(beta.files_in("incoming") == 0);
    CHECK(beta.files_in("quarantine") == 2);
    std::ifstream why((beta.root / "quarantine" / (file.value + ".1.why")).string());
    std::string line;
    std::getline(why, line);
    CHECK(line.find(digest_of(bytes).value) != std::string::npos);
    CHECK(await([&] {
        const std::lock_guard lock(mutex);
        return doubted == std::vector<FileDigest>{file};
    }));
    CHECK(error_of(beta.fetch(file, {alpha.source()})) == FetchError::mismatch);
    CHECK(beta.files_in("quarantine") == 4);  // Nothing there is overwritten either.
}

TEST_CASE("a copy shorter than the log says is not used") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.puts(digest_of(bytes), bytes.substr(0, 999));
    alpha.serve();
    alpha.lets_in({&beta});
    const auto result =
        fetch_file({.file = digest_of(bytes), .bytes = 1000, .sources = {alpha.source()}},
                   beta.setting(), clock_now, {});
    CHECK(error_of(result) == FetchError::wrong_size);
}

TEST_CASE("two sources both give their share, and one that has no copy does no harm") {
    Site alpha("alpha");
    Site beta("beta");
    Site gamma("gamma");
    Site delta("delta");
    const std::string bytes = random_bytes(8'000'000, 1);
    for (Site* site : {&alpha, &beta, &gamma}) {
        site->serve({.bytes_per_second_max = 20'000'000});
        site->lets_in({&delta});
    }
    alpha.has(bytes);
    beta.has(bytes);
    const auto fetched =
        success_of(delta.fetch(digest_of(bytes), {alpha.source(), gamma.source(), beta.source()}));
    CHECK(delta.holds(bytes));
    CHECK(fetched.bytes_from.at({"alpha"}) > 1'000'000);
    CHECK(fetched.bytes_from.at({"beta"}) > 1'000'000);
    CHECK(fetched.bytes_from.size() == 2);
}

TEST_CASE("a fetch that was stopped goes on from where it was, also after its server restarted") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(6'000'000, 1);
    alpha.has(bytes);
    alpha.serve({.bytes_per_second_max = 4'000'000});
    alpha.lets_in({&beta});
    std::stop_source stop;
    std::jthread stopper([&] {
        await([&] { return alpha.server->counters().bytes > 3'000'000; });
        stop.request_stop();
    });
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.source()}, stop.get_token())) ==
          FetchError::stopped);
    CHECK(beta.files_in("incoming") == 1);
    alpha.server.reset();
    alpha.serve();
    alpha.lets_in({&beta});
    const auto fetched = success_of(beta.fetch(digest_of(bytes), {alpha.source()}));
    CHECK(fetched.bytes_resumed > 500'000);
    CHECK(fetched.bytes_resumed + fetched.bytes_from.at({"alpha"}) == 6'000'000);
    CHECK(beta.holds(bytes));
}

TEST_CASE("what an earlier try left is checked too: rubbish there ends in quarantine, not here") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(200'000, 1);
    const FileDigest file = digest_of(bytes);
    alpha.has(bytes);
    alpha.serve();
    alpha.lets_in({&beta});
    std::filesystem::create_directories(beta.root / "incoming");
    std::ofstream(beta.root / "incoming" / file.value.view()) << std::string(1000, 'x');
    CHECK(error_of(beta.fetch(file, {alpha.source()})) == FetchError::mismatch);
    success_of(beta.fetch(file, {alpha.source()}));  // The next try begins anew.
    std::ofstream(beta.root / "incoming" / file.value.view()) << std::string(300'000, 'x');
    success_of(beta.fetch(file, {alpha.source()}));  // Too long to be part of it.
}

TEST_CASE("a file that was kept already is not written to through the name it had before") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(100'000, 1);
    const FileDigest file = digest_of(bytes);
    alpha.has(bytes);
    alpha.serve();
    alpha.lets_in({&beta});
    success_of(beta.fetch(file, {alpha.source()}));
    const auto kept = beta.store.path_of(file);
    std::filesystem::create_hard_link(kept, beta.root / "incoming" / file.value.view());
    struct stat before = {};
    REQUIRE(::stat(kept.c_str(), &before) == 0);
    success_of(beta.fetch(file, {alpha.source()}));
    struct stat after = {};
    REQUIRE(::stat(kept.c_str(), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    CHECK(beta.holds(bytes));
}

TEST_CASE("one process fetches a file into a folder at a time") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(2'000'000, 1);
    alpha.has(bytes);
    alpha.serve({.bytes_per_second_max = 2'000'000});
    alpha.lets_in({&beta});
    std::jthread first([&] { success_of(beta.fetch(digest_of(bytes), {alpha.source()})); });
    CHECK(await([&] { return alpha.server->counters().chunks > 0; }));
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.source()})) == FetchError::in_use);
}

TEST_CASE("a cap of bytes a second holds, and can be changed while files are under way") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(3'000'000, 1);
    alpha.has(bytes);
    alpha.serve({.bytes_per_second_max = 2'000'000});
    alpha.lets_in({&beta});
    const auto begin = std::chrono::steady_clock::now();
    success_of(beta.fetch(digest_of(bytes), {alpha.source()}));
    const auto capped = std::chrono::steady_clock::now() - begin;
    CHECK(capped > 1300ms);
    alpha.server->set_bandwidth(0);
    std::filesystem::remove(beta.store.path_of(digest_of(bytes)));
    success_of(beta.fetch(digest_of(bytes), {alpha.source()}));
    CHECK(std::chrono::steady_clock::now() - begin < 2 * capped);
}

TEST_CASE("a full disk is seen before anything is fetched, and what is too much is not kept free") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    alpha.serve();
    alpha.lets_in({&beta});
    FetchSetting setting = beta.setting();
    setting.place.disk_free_bytes_min = std::numeric_limits<std::int64_t>::max();
    const FetchOrder order = {.file = digest_of(bytes), .sources = {alpha.source()}};
    CHECK(error_of(fetch_file(order, setting, clock_now, {})) == FetchError::disk_full);
    CHECK(alpha.server->counters().chunks == 0);
    setting.place.partial = "/proc/no/such/folder";
    CHECK(error_of(fetch_file(order, setting, clock_now, {})) == FetchError::not_writable);
}

TEST_CASE("a node that cannot be reached serves through a relay that can") {
    Site hidden("hidden");
    Site relay("relay");
    Site beta("beta");
    const std::string bytes = random_bytes(5'000'000, 1);
    hidden.has(bytes);
    hidden.serve();  // Nobody is let in at its own door.
    relay.serve();
    relay.lets_in({&hidden, &beta});
    const FileSource through = {.node = hidden.name,
                                .server = {relay.server->endpoint(), relay.keys.public_key},
                                .is_relayed = true};
    beta.patience = 1s;
    CHECK(error_of(beta.fetch(digest_of(bytes), {through})) == FetchError::unreachable);
    beta.patience = 10s;
    hidden.server->serve_through({through.server});
    const auto fetched = success_of(beta.fetch(digest_of(bytes), {through}));
    CHECK(beta.holds(bytes));
    CHECK(fetched.bytes_from.at(hidden.name) == 5'000'000);
    CHECK(relay.server->counters().relayed > 50);
    CHECK(relay.server->counters().bytes == 0);
    CHECK_FALSE(relay.holds(bytes));
    CHECK(error_of(beta.fetch(digest_of("x"), {through})) == FetchError::no_such_file);

    relay.server.reset();  // A relay that restarts is found again.
    relay.serve();
    relay.lets_in({&hidden, &beta});
    hidden.server->serve_through({{relay.server->endpoint(), relay.keys.public_key}});
    std::filesystem::remove(beta.store.path_of(digest_of(bytes)));
    FileSource again = through;
    again.server = {relay.server->endpoint(), relay.keys.public_key};
    success_of(beta.fetch(digest_of(bytes), {again}));
    hidden.server->serve_through({});
    beta.patience = 1s;  // The relay may still hold on to the lost one in the first try.
    CHECK(await(
        [&] { return error_of(beta.fetch(digest_of("y"), {again})) == FetchError::unreachable; }));
}

TEST_CASE("a relay hands on for members only, and only to members") {
    Site hidden("hidden");
    Site relay("relay");
    Site beta("beta");
    beta.patience = 1s;
    relay.serve();
    hidden.serve();
    hidden.server->serve_through({{relay.server->endpoint(), relay.keys.public_key}});
    relay.lets_in({&beta});
    const FileSource through = {.node = hidden.name,
                                .server = {relay.server->endpoint(), relay.keys.public_key},
                                .is_relayed = true};
    CHECK(error_of(beta.fetch(digest_of("x"), {through})) == FetchError::unreachable);
    CHECK(await([&] { return relay.server->counters().refused > 0; }));
}

TEST_CASE("whatever is thrown at a server in clear, it counts it and goes on serving") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(1000, 1);
    alpha.has(bytes);
    auto opened = FileServer::open(
        {.endpoint = "tcp://127.0.0.1:*"},
        [&](const FileDigest& file) { return alpha.store.find(file); }, clock_now);
    REQUIRE(opened);
    alpha.server = std::move(*opened);
    const FileSource source = {.node = alpha.name, .server = {alpha.server->endpoint(), {}}};

    zmq::context_t context;
    zmq::socket_t rude(context, zmq::socket_type::dealer);
    rude.set(zmq::sockopt::linger, 0);
    rude.connect(alpha.server->endpoint());
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text = encode_frame({.kind = static_cast<FrameKind>(1 + random() % 8),
                                         .request = random(),
                                         .offset = static_cast<std::int64_t>(random()),
                                         .length = static_cast<std::int64_t>(1 + random() % 1000),
                                         .file = digest_of(bytes),
                                         .route = std::string(random() % 9, 'r')});
        for (std::uint64_t changes = random() % 3; changes > 0; --changes)
            text[random() % text.size()] = static_cast<char>(random());
        for (std::uint64_t parts = random() % 3; parts > 0; --parts)
            rude.send(zmq::buffer(text), zmq::send_flags::sndmore);
        rude.send(zmq::buffer(text), zmq::send_flags::none);
    }
    CHECK(await([&] { return alpha.server->counters().malformed > 500; }));
    success_of(beta.fetch(digest_of(bytes), {source}));
    CHECK(beta.holds(bytes));
}

TEST_CASE("files are not served in clear where others could listen, nor at an address in use") {
    const FindFile find = [](const FileDigest&) { return std::nullopt; };
    const auto open = FileServer::open({.endpoint = "tcp://0.0.0.0:*"}, find, clock_now);
    REQUIRE_FALSE(open);
    CHECK(open.error().sentence.find("in clear") != std::string::npos);
    const auto first = FileServer::open({.endpoint = "tcp://127.0.0.1:*"}, find, clock_now);
    REQUIRE(first);
    const auto second = FileServer::open({.endpoint = (*first)->endpoint()}, find, clock_now);
    REQUIRE_FALSE(second);
    INFO(second.error().sentence);
    CHECK(second.error().sentence.find("in use") != std::string::npos);
}
