#include "bus/subjects.hpp"

#include <set>

#include "tests/any_event.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::bus;

TEST_CASE("an event's subject has its noun, its thing and its type") {
    Event event;
    event.fact = TrainingCompleted{.work = {"train.1"}, .config = {"hex5_2p"}};
    CHECK(subject_of(event, "main") == "ringrift.main.training.train%2E1.TRAINING_COMPLETED");
}

TEST_CASE("what could not be read has the noun unread and its own type") {
    Event event;
    event.fact = Unread{.type = "NEW TYPE", .subject = "w-7"};
    CHECK(subject_of(event, "main") == "ringrift.main.unread.w-7.NEW%20TYPE");
    event.fact = Unread{};
    CHECK(subject_of(event, "main") == "ringrift.main.unread.~.~");
}

TEST_CASE("any id is one NATS token and comes back as it was") {
    tests::RandomFiller filler(1);
    std::set<std::string> ids;
    std::set<std::string> tokens;
    for (int i = 0; i < 2000; ++i) {
        const std::string id = filler.text("");
        const std::string token = encode_token(id);
        INFO(token);
        REQUIRE_FALSE(token.empty());
        REQUIRE(token.find_first_of(" .*>\t\r\n") == std::string::npos);
        REQUIRE(decode_token(token) == id);
        ids.insert(id);
        tokens.insert(token);
    }
    CHECK(ids.size() == tokens.size());
}

TEST_CASE("every subject has five tokens whatever the ids are") {
    tests::RandomFiller filler(2);
    for (const Event& event : tests::events_of_every_type(filler, 5)) {
        const std::string subject = subject_of(event, "a.b");
        INFO(subject);
        REQUIRE(std::ranges::count(subject, '.') == 4);
        REQUIRE(subject.find("..") == std::string::npos);
    }
}

TEST_CASE("a token with a broken escape is refused") {
    CHECK_FALSE(decode_token("a%"));
    CHECK_FALSE(decode_token("a%4"));
    CHECK_FALSE(decode_token("a%4G"));
    CHECK(decode_token("a%4a") == "aJ");
    CHECK(decode_token("%2E") == ".");
}
