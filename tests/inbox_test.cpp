// The queue between threads: what is put is taken once, in order, and what does not fit is refused.

#include "bus/inbox.hpp"

#include <algorithm>
#include <memory>
#include <thread>

#include "tests/catch.hpp"

namespace ringrift::bus {

TEST_CASE("what was put is taken once, oldest first") {
    Inbox<int> inbox(10);
    REQUIRE(inbox.put(1));
    REQUIRE(inbox.put(2));
    CHECK(inbox.take() == std::vector{1, 2});
    CHECK(inbox.take().empty());
}

TEST_CASE("what does not fit is refused to the one who puts, and fits again after a take") {
    Inbox<int> inbox(2);
    REQUIRE(inbox.put(1));
    REQUIRE(inbox.put(2));
    CHECK_FALSE(inbox.put(3));
    CHECK(inbox.take() == std::vector{1, 2});
    CHECK(inbox.put(4));
    CHECK(inbox.take() == std::vector{4});
}

TEST_CASE("each put that is taken in wakes, a refused one does not") {
    int wakes = 0;
    Inbox<int> inbox(1, [&] { ++wakes; });
    REQUIRE(inbox.put(1));
    CHECK_FALSE(inbox.put(2));
    CHECK(wakes == 1);
}

TEST_CASE("the one who is woken may take at once: the wake comes outside of the lock") {
    std::vector<int> taken;
    Inbox<int>* inbox_of_wake = nullptr;
    Inbox<int> inbox(1, [&] { taken = inbox_of_wake->take(); });
    inbox_of_wake = &inbox;
    REQUIRE(inbox.put(7));
    CHECK(taken == std::vector{7});
}

TEST_CASE("what has only one owner can be put") {
    Inbox<std::unique_ptr<int>> inbox(1);
    REQUIRE(inbox.put(std::make_unique<int>(7)));
    CHECK(*inbox.take().at(0) == 7);
}

TEST_CASE("of many threads nothing is lost, nothing comes twice, and each one's order is kept") {
    constexpr int threads = 4;
    constexpr int each = 20'000;
    Inbox<std::pair<int, int>> inbox(100);
    std::vector<std::jthread> putting;
    for (int who = 0; who < threads; ++who) {
        putting.emplace_back([&inbox, who] {
            for (int number = 0; number < each; ++number) {
                while (!inbox.put({who, number})) std::this_thread::yield();
            }
        });
    }
    std::vector<int> next(threads, 0);
    bool in_order = true;
    while (std::any_of(next.begin(), next.end(), [](int count) { return count < each; })) {
        for (const auto& [who, number] : inbox.take()) {
            in_order = in_order && number == next[static_cast<std::size_t>(who)];
            next[static_cast<std::size_t>(who)] += 1;
        }
    }
    CHECK(in_order);
    CHECK(inbox.take().empty());
}

}  // namespace ringrift::bus
