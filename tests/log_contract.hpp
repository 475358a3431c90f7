#pragma once

// What a Log promises, asked of every transport. Whoever includes this defines `transports`, and
// runs every case over each of them: tests/log_contract_test.cpp those that need no server,
// tests/process/nats_contract_test.cpp those that do.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "bus/codec.hpp"
#include "bus/log.hpp"
#include "tests/any_event.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

struct Transport {
    std::string name;
    std::function<std::unique_ptr<bus::Log>(const TemporaryFolder&)> open;  ///< Fresh and empty.
};

std::vector<Transport> transports();

/// Runs `test` once for each transport, on an empty log.
inline void for_each_transport(const std::function<void(bus::Log&)>& test) {
    for (const Transport& transport : transports()) {
        INFO("transport " << transport.name);
        const TemporaryFolder folder;
        const std::unique_ptr<bus::Log> log = transport.open(folder);
        test(*log);
    }
}

/// Whether `count` reaches `expected` soon: news may come on another thread.
inline bool reaches(const std::atomic<int>& count, int expected) {
    for (int i = 0; i < 1000 && count < expected; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return count == expected;
}

}  // namespace ringrift::tests

namespace {

using namespace ringrift;
using namespace ringrift::bus;
using tests::for_each_transport;

Event claimed(std::string id) {
    Event event;
    event.id = {id};
    event.source = {"gpu-7"};
    event.fact = WorkClaimed{.work = {"w-" + id}, .node = {"gpu-1"}};
    return event;
}

std::vector<Event> claims(int first, int last) {
    std::vector<Event> events;
    for (int i = first; i <= last; ++i) events.push_back(claimed(std::to_string(i)));
    return events;
}

using Positions = std::vector<Position>;

}  // namespace

TEST_CASE("an empty log has nothing to read and ends at 0") {
    for_each_transport([](Log& log) {
        CHECK(log.last().value() == 0);
        CHECK(log.read(0, 10).value().empty());
        CHECK(log.append({}).value().positions.empty());
        CHECK(log.last().value() == 0);
    });
}

TEST_CASE("positions start at 1 and have no gaps") {
    for_each_transport([](Log& log) {
        CHECK(log.append(claims(1, 3)).value().positions == Positions{1, 2, 3});
        CHECK(log.append(claims(4, 4)).value().positions == Positions{4});
        CHECK(log.last().value() == 4);
    });
}

TEST_CASE("what was appended is read as it was, in order, in pages") {
    for_each_transport([](Log& log) {
        tests::RandomFiller filler(1);
        auto events = tests::events_of_every_type(filler, 2);
        for (std::size_t i = 0; i < events.size(); ++i)
            events[i].id = {events[i].id.value + std::to_string(i)};
        REQUIRE(log.append(events).ok());
        Position position = 0;
        while (position < events.size()) {
            const auto page = log.read(position, 7);
            INFO(log.trouble());
            REQUIRE(page.ok());
            REQUIRE_FALSE(page->empty());
            REQUIRE(page->size() <= 7);
            for (const Recorded& recorded : *page) {
                REQUIRE(recorded.position == position + 1);
                REQUIRE(recorded.event == events[position++]);
            }
        }
        CHECK(log.read(position, 7).value().empty());
    });
}

TEST_CASE("any number may be asked for") {
    for_each_transport([](Log& log) {
        REQUIRE(log.append(claims(1, 5)).ok());
        CHECK(log.read(0, 0).value().empty());
        CHECK(log.read(3, std::numeric_limits<std::size_t>::max()).value().size() == 2);
    });
}

TEST_CASE("an event that is said twice is written once and has its first position") {
    for_each_transport([](Log& log) {
        REQUIRE(log.append(claims(1, 3)).ok());
        CHECK(log.append(claims(2, 4)).value().positions == Positions{2, 3, 4});
        const std::vector<Event> twice = {claimed("5"), claimed("5"), claimed("1")};
        CHECK(log.append(twice).value().positions == Positions{5, 5, 1});
        CHECK(log.last().value() == 5);
    });
}

TEST_CASE("the first telling of an event is the one that stands") {
    for_each_transport([](Log& log) {
        Event later = claimed("1");
        later.fact = WorkCancelled{.work = {"w-1"}};
        REQUIRE(log.append(claims(1, 1)).ok());
        REQUIRE(log.append(std::vector{later}).ok());
        CHECK(log.read(0, 9).value() == Batch{{1, claimed("1")}});
    });
}

TEST_CASE("an event that is too large is refused with all that came with it") {
    for_each_transport([](Log& log) {
        Event large = claimed("2");
        large.fact = WorkCancelled{.work = {"w"}, .reason = std::string(event_bytes_max, 'x')};
        const std::vector<Event> events = {claimed("1"), large};
        CHECK(log.append(events).error() == AppendError::too_large);
        CHECK(log.trouble() == "event 2 is larger than 1 MiB");
        CHECK(log.last().value() == 0);
        CHECK(log.append(claims(3, 3)).ok());
        CHECK(log.trouble().empty());
    });
}

TEST_CASE("an event of the largest size is taken") {
    for_each_transport([](Log& log) {
        Event large = claimed("1");
        large.fact = WorkCancelled{.work = {"w"}};
        const std::size_t rest = event_bytes_max - encode(large).size();
        large.fact = WorkCancelled{.work = {"w"}, .reason = std::string(rest, 'x')};
        REQUIRE(log.append(std::vector{large}).ok());
        CHECK(log.read(0, 1).value().front().event == large);
    });
}

TEST_CASE("an event without an id is refused") {
    for_each_transport([](Log& log) {
        CHECK(log.append(std::vector{claimed("1"), claimed("")}).error() == AppendError::refused);
        CHECK(log.last().value() == 0);
    });
}

TEST_CASE("who has read further than the log goes is told that it is not the same log") {
    for_each_transport([](Log& log) {
        REQUIRE(log.append(claims(1, 2)).ok());
        CHECK(log.read(2, 1).ok());
        CHECK(log.read(3, 1).error() == ReadError::damaged);
        CHECK(log.trouble() == "the log ends at event 2, before event 3 that was read from it");
    });
}

TEST_CASE("what could not be read is kept as it came") {
    for_each_transport([](Log& log) {
        const Event odd = decode(
            R"({"specversion":"1.0","id":"x","source":"a","type":"NEW","time":"2025-12-28T10:00:00Z","data":1.5})");
        REQUIRE(log.append(std::vector{odd}).ok());
        CHECK(log.read(0, 1).value().front().event == odd);
    });
}

TEST_CASE("news wakes the reader once until it reads again") {
    for_each_transport([](Log& log) {
        std::atomic<int> wakes = 0;
        log.on_news([&] { ++wakes; });
        REQUIRE(log.append(claims(1, 1)).ok());
        CHECK(tests::reaches(wakes, 1));
        REQUIRE(log.append(claims(2, 2)).ok());
        CHECK(wakes == 1);
        REQUIRE(log.read(0, 9).value().size() == 2);
        REQUIRE(log.append(claims(2, 2)).ok());  // Not new.
        CHECK(wakes == 1);
        REQUIRE(log.append(claims(3, 3)).ok());
        CHECK(tests::reaches(wakes, 2));
        log.on_news({});
        REQUIRE(log.read(2, 9).ok());
        REQUIRE(log.append(claims(4, 4)).ok());
        CHECK(wakes == 2);
    });
}
