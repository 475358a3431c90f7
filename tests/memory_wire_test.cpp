// The wire in memory, and the faults that can befall letters on it.

#include "bus/memory_wire.hpp"

#include "tests/catch.hpp"
#include "tests/simulation/faulty_wire.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace std::chrono_literals;

namespace {

const NodeId a = {"a"}, b = {"b"}, c = {"c"};

Letter letter_to(const NodeId &to, Epoch epoch = 1) {
    return {.to = to, .message = Resignation{.epoch = epoch}};
}

std::vector<Epoch> epochs_in(const std::vector<Letter> &letters) {
    std::vector<Epoch> epochs;
    for (const Letter &letter : letters)
        epochs.push_back(std::get<Resignation>(letter.message).epoch);
    return epochs;
}

}  // namespace

TEST_CASE("a letter reaches whom it is for, and says whom it is from") {
    MemoryPost post;
    Wire &from = post.wire(a), &to = post.wire(b), &other = post.wire(c);
    from.send(letter_to(b));
    const auto letters = to.take();
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].from == a);
    CHECK(to.take().empty());
    CHECK(other.take().empty());
    CHECK(from.counts().sent == 1);
    CHECK(to.counts().received == 1);
}

TEST_CASE("a letter to all reaches all others") {
    MemoryPost post;
    Wire &one = post.wire(a), &two = post.wire(b), &three = post.wire(c);
    one.send(letter_to({}));
    CHECK(one.take().empty());
    CHECK(two.take().size() == 1);
    CHECK(three.take().size() == 1);
}

TEST_CASE("whoever waits is woken by a letter") {
    MemoryPost post;
    Wire &from = post.wire(a), &to = post.wire(b);
    int woken = 0;
    to.on_news([&] { ++woken; });
    from.send(letter_to(b));
    CHECK(woken == 1);
}

TEST_CASE("letters to nobody, and to one who was unplugged, are lost") {
    MemoryPost post;
    Wire &from = post.wire(a);
    from.send(letter_to({"nobody"}));
    post.wire(b);
    from.send(letter_to(b));
    post.unplug(b);
    from.send(letter_to(b));
    CHECK(post.wire(b).take().empty());
}

TEST_CASE("without a connection letters are dropped and counted") {
    MemoryPost post;
    MemoryWire &from = post.wire(a), &to = post.wire(b);
    from.connect(false);
    from.send(letter_to(b));
    CHECK_FALSE(from.trouble().empty());
    CHECK(from.counts().not_sent == 1);
    CHECK(to.take().empty());
    from.connect(true);
    from.send(letter_to(b));
    CHECK(to.take().size() == 1);
}

TEST_CASE("an inbox is bounded, and what does not fit is counted") {
    MemoryPost post;
    Wire &from = post.wire(a), &to = post.wire(b);
    for (std::size_t n = 0; n < letters_waiting_max + 3; ++n) from.send(letter_to(b));
    CHECK(to.take().size() == letters_waiting_max);
    CHECK(to.counts().overflowed == 3);
}

TEST_CASE("a delayed letter arrives when its time has passed, and may be overtaken") {
    std::vector<Duration> delays = {30ms, 10ms};
    std::size_t next = 0;
    MemoryPost post([&](const Letter &, const NodeId &) {
        return std::vector<Duration>{delays[next++ % delays.size()]};
    });
    Wire &from = post.wire(a), &to = post.wire(b);
    from.send(letter_to(b, 1));
    from.send(letter_to(b, 2));
    CHECK(to.take().empty());
    CHECK(post.next_arrival() == 10ms);
    post.pass(10ms);
    CHECK(epochs_in(to.take()) == std::vector<Epoch>{2});
    post.pass(19ms);
    CHECK(to.take().empty());
    post.pass(1ms);
    CHECK(epochs_in(to.take()) == std::vector<Epoch>{1});
    CHECK_FALSE(post.next_arrival());
}

TEST_CASE("a way can be cut in one direction only") {
    simulation::FaultyWire faults(simulation::Random(1));
    MemoryPost post(faults.fate());
    Wire &one = post.wire(a), &other = post.wire(b);
    faults.cut(a, b);
    one.send(letter_to(b));
    other.send(letter_to(a));
    CHECK(other.take().empty());
    CHECK(one.take().size() == 1);
    faults.mend();
    one.send(letter_to(b));
    CHECK(other.take().size() == 1);
}

TEST_CASE("the same seed loses, doubles and delays the same letters") {
    const auto run = [](std::uint64_t seed) {
        simulation::FaultyWire faults{simulation::Random(seed)};
        faults.odds = {.lost_ppm = 300'000, .doubled_ppm = 300'000, .delay_max = 20ms};
        MemoryPost post(faults.fate());
        Wire &from = post.wire(a), &to = post.wire(b);
        std::vector<Epoch> arrived;
        for (Epoch n = 1; n <= 200; ++n) {
            from.send(letter_to(b, n));
            post.pass(1ms);
            for (const Epoch epoch : epochs_in(to.take())) arrived.push_back(epoch);
        }
        return arrived;
    };
    const auto first = run(5);
    CHECK(first == run(5));
    CHECK(first != run(6));
    CHECK_FALSE(std::ranges::is_sorted(first));
    CHECK(std::set<Epoch>(first.begin(), first.end()).size() < 190);
    CHECK(std::set<Epoch>(first.begin(), first.end()).size() < first.size());
}
