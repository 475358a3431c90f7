// The text of an id: a value like a std::string, whose copies share what is long.

#include <memory>
#include <thread>
#include <vector>

#include "bus/ids.hpp"
#include "tests/catch.hpp"

using namespace ringrift::bus;

namespace {

/// Of every length around the one up to which a text stands in the object.
std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (const std::size_t size : {0, 1, 7, 8, 9, 14, 15, 16, 17, 63, 200}) {
        all.push_back(std::string(size, 'm'));
        if (size == 0) continue;
        for (const char last : {'\0', 'a', 'z', '\xff'}) {
            all.push_back(all.back());
            all.back().back() = last;
        }
    }
    return all;
}

}  // namespace

TEST_CASE("an id's text reads, compares and orders as the string that it was made from") {
    for (const std::string& a : texts()) {
        const IdText text = a;
        CHECK(text.view() == a);
        CHECK(text.empty() == a.empty());
        CHECK(std::string(text) == a);
        CHECK(text + "!" == a + "!");
        for (const std::string& b : texts()) {
            const IdText other = b;
            CHECK((text == other) == (a == b));
            CHECK((text < other) == (a < b));
            CHECK((text == b) == (a == b));
        }
    }
}

TEST_CASE("copies of a long text are the same bytes, and outlive what they were copied from") {
    for (const std::string& a : texts()) {
        auto first = std::make_unique<IdText>(a);
        const IdText copy = *first;
        CHECK((copy.data() == first->data()) == (a.size() > 15));
        IdText assigned = std::string(40, 'x');
        assigned = copy;
        assigned = *&assigned;  // To itself.
        const IdText moved = std::move(*first);
        first.reset();
        CHECK(copy == a);
        CHECK(assigned == a);
        CHECK(moved == a);
    }
}

TEST_CASE("threads may copy and drop copies of one text at once") {
    const IdText shared = std::string(64, 'd');
    std::vector<std::thread> threads;
    std::vector<std::size_t> sizes(4);
    for (std::size_t& size : sizes) {
        threads.emplace_back([own = shared, &size] {
            for (int n = 0; n < 20'000; ++n) {
                const std::vector<IdText> copies(3, own);
                size = copies.back().size();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(sizes == std::vector<std::size_t>(4, 64));
    CHECK(shared == std::string(64, 'd'));
}
