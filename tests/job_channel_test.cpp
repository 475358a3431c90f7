// The channel itself: any sender that speaks ZeroMQ is heard, and none can harm us.

#include "bus/job_channel.hpp"

#include <poll.h>
#include <sys/stat.h>

#include <cstdlib>
#include <iostream>
#include <zmq.hpp>

#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::bus {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view progress = R"({"work":"w-1","fence":3,"progress_ppm":1})";

std::unique_ptr<JobChannel> open_in(const tests::TemporaryFolder& folder) {
    const auto path = channel_path(folder.path(), {});
    if (!path) FAIL(path.error().sentence);
    auto channel = JobChannel::open(*path);
    if (!channel) FAIL(channel.error().sentence);
    return std::move(*channel);
}

struct Sender {
    explicit Sender(const JobChannel& channel) {
        socket.set(zmq::sockopt::linger, 1000);
        socket.connect(channel.endpoint());
    }
    void say(std::string_view text) { socket.send(zmq::buffer(text)); }
    zmq::context_t context{1};
    zmq::socket_t socket{context, zmq::socket_type::push};
};

std::int64_t seen(const JobChannelCounters& counters) {
    return counters.received + counters.malformed + counters.too_large + counters.over_rate;
}

// Polls as the hands do, until so many messages have been counted.
std::vector<JobMessage> receive(JobChannel& channel, std::int64_t count,
                                steady_clock::time_point now = {}) {
    std::vector<JobMessage> messages;
    const auto deadline = steady_clock::now() + std::chrono::seconds(30);
    bool more = true;
    while (seen(channel.counters()) < count && steady_clock::now() < deadline) {
        pollfd readable = {channel.descriptor(), POLLIN, 0};
        if (!more) ::poll(&readable, 1, 1000);
        auto received = channel.receive(100, now);
        more = received.more;
        for (auto& message : received.messages) messages.push_back(std::move(message));
    }
    CHECK(seen(channel.counters()) == count);
    return messages;
}

}  // namespace

TEST_CASE("what a job sends is received in order") {
    const tests::TemporaryFolder folder;
    const auto channel = open_in(folder);
    Sender sender(*channel);
    sender.say(progress);
    sender.say(R"({"work":"w-1","fence":3,"event":"TRAINING_PROGRESS","data":{"step":1}})");
    const auto messages = receive(*channel, 2);
    REQUIRE(messages.size() == 2);
    CHECK(messages[0] == JobMessage{{"w-1"}, 3, ProgressSaid{1, 0}});
    CHECK(std::get<EventSaid>(messages[1].said).type == "TRAINING_PROGRESS");
}

TEST_CASE("only its own user reaches the channel") {
    const tests::TemporaryFolder folder;
    const auto channel = open_in(folder);
    struct stat facts = {};
    REQUIRE(::stat((folder.path() / "channel").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0700);
}

TEST_CASE("what is malformed, in several frames or too large is counted, and hurts nobody") {
    const tests::TemporaryFolder folder;
    const auto channel = open_in(folder);
    Sender sender(*channel);
    sender.say("no JSON");
    sender.socket.send(zmq::buffer(progress), zmq::send_flags::sndmore);
    sender.say(progress);
    sender.say(std::string(job_message_bytes_max + 1, ' '));
    sender.say(progress);
    CHECK(receive(*channel, 4).size() == 1);
    CHECK(channel->counters().malformed == 2);
    CHECK(channel->counters().too_large == 1);
}

TEST_CASE("a job that says too much is cut short, others are not") {
    const tests::TemporaryFolder folder;
    const auto channel = open_in(folder);
    Sender sender(*channel);
    for (int count = 0; count < 1000; ++count) sender.say(progress);
    sender.say(R"({"work":"w-2","fence":3,"progress_ppm":1})");
    const auto messages = receive(*channel, 1001);
    CHECK(messages.size() == static_cast<std::size_t>(job_messages_burst_max) + 1);
    CHECK(messages.back().work == WorkId{"w-2"});
    CHECK(channel->counters().over_rate == 800);
    sender.say(progress);
    sender.say(progress);
    const steady_clock::time_point later(std::chrono::milliseconds(30));  // Good for one more.
    CHECK(receive(*channel, 1003, later).size() == 1);
}

TEST_CASE("a job's socket finds the channel again after the daemon was restarted") {
    const tests::TemporaryFolder folder;
    auto channel = open_in(folder);
    const std::string before = channel->endpoint();
    Sender sender(*channel);
    sender.say(progress);
    CHECK(receive(*channel, 1).size() == 1);
    channel.reset();
    channel = open_in(folder);
    CHECK(channel->endpoint() == before);
    sender.say(progress);
    CHECK(receive(*channel, 1).size() == 1);
}

TEST_CASE("a data folder with a long path has its channel at a short one, always the same") {
    const tests::TemporaryFolder folder;
    const tests::TemporaryFolder runtime;
    const auto data = folder.path() / std::string(120, 'd');
    const auto path = channel_path(data, runtime.path());
    REQUIRE(path);
    CHECK(path->string().size() <= 107);
    CHECK(path->string().starts_with(runtime.path().string()));
    CHECK(*channel_path(data, runtime.path()) == *path);
    CHECK(*channel_path(data / "other", runtime.path()) != *path);
}

TEST_CASE("a folder that belongs to others is not used") {
    const tests::TemporaryFolder folder;
    const tests::TemporaryFolder elsewhere;
    std::filesystem::create_directory_symlink(elsewhere.path(), folder.path() / "channel");
    const auto path = channel_path(folder.path(), folder / "no/such/folder");
    REQUIRE(path);
    CHECK(path->string().starts_with("/tmp/ringrift-"));
    std::error_code ignored;
    std::filesystem::remove_all(path->parent_path(), ignored);
}

TEST_CASE("a Python program is heard") {
    if (std::system("/usr/bin/python3 -c 'import zmq' 2> /dev/null") != 0) {
        std::cout << "SKIPPED a Python program is heard: there is no python3-zmq\n";
        return;
    }
    const tests::TemporaryFolder folder;
    const auto channel = open_in(folder);
    const std::string program =
        "import json, zmq; context = zmq.Context(); socket = context.socket(zmq.PUSH);"
        "socket.connect(\"" +
        channel->endpoint() +
        "\"); socket.send_string(json.dumps({\"work\": \"w-1\", \"fence\": \"3\","
        "\"progress_ppm\": 7})); socket.close(); context.term()";  // term waits until it is sent.
    REQUIRE(std::system(("/usr/bin/python3 -c '" + program + "'").c_str()) == 0);
    const auto messages = receive(*channel, 1);
    REQUIRE(messages.size() == 1);
    CHECK(messages[0] == JobMessage{{"w-1"}, 3, ProgressSaid{7, 0}});
}

}  // namespace ringrift::bus
