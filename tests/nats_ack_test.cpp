// What JetStream answers, read: by the quick way and by the whole one alike.

#include "bus/nats_ack.hpp"

#include "bus/log_mark.hpp"
#include "tests/catch.hpp"

using namespace ringrift::bus;
using Kind = NatsAck::Kind;

TEST_CASE("an event that is stored has its stream and position, in every spelling of the answer") {
    for (const char* text :
         {R"({"stream":"S", "seq":7})", R"({"stream":"S","seq":7})", R"({"seq":7,"stream":"S"})",
          R"({"stream":"S", "seq":7,"domain":"d"})", R"({ "stream":"S", "seq":7 })"}) {
        INFO(text);
        const NatsAck ack = read_ack(text, "");
        CHECK(ack.kind == Kind::stored);
        CHECK(ack.position == 7);
        CHECK(ack.stream == "S");
        CHECK_FALSE(ack.is_duplicate);
    }
    const NatsAck again = read_ack(R"({"stream":"S", "seq":7,"duplicate":true})", "");
    CHECK((again.kind == Kind::stored && again.position == 7 && again.is_duplicate));
}

TEST_CASE("what is no answer of JetStream is not taken for one") {
    for (const char* text : {"", "+OK", "{", "7", R"({"stream":"S"})", R"({"stream":"S", "seq":0})",
                             R"({"stream":"S", "seq":-1x})", R"({"stream":"S", "seq":"7"})"}) {
        INFO(text);
        CHECK(read_ack(text, "").kind == Kind::unreadable);
        CHECK(append_error(read_ack(text, "")) == AppendError::refused);
    }
}

TEST_CASE("each refusal tells the caller what to do") {
    const auto error = [](int code) {
        return append_error(read_ack(R"({"error":{"code":500,"err_code":)" + std::to_string(code) +
                                         R"(,"description":"x"},"stream":"S","seq":0})",
                                     ""));
    };
    CHECK(error(10047) == AppendError::full);
    CHECK(error(10077) == AppendError::full);
    CHECK(error(10054) == AppendError::too_large);
    CHECK(error(10060) == AppendError::refused);
    CHECK(error(10008) == AppendError::unavailable);
    CHECK(error(99999) == AppendError::unavailable);
    CHECK(append_error(read_ack("", "503")) == AppendError::unavailable);
    CHECK(append_error({}) == AppendError::unavailable);
}

TEST_CASE("the end of the stream is told by the refusal of an impossible message") {
    const auto end = [](const std::string& code, const std::string& description) {
        return end_of(read_ack(R"({"error":{"code":400,"err_code":)" + code +
                                   R"(,"description":")" + description + R"("},"seq":0})",
                               ""));
    };
    CHECK(end("10071", "wrong last sequence: 12") == Position(12));
    CHECK(end("10071", "wrong last sequence: 0") == Position(0));
    CHECK_FALSE(end("10071", "wrong last sequence: 12x"));
    CHECK_FALSE(end("10070", "wrong last sequence: 12"));
}

TEST_CASE("a delivered message names position and time, with and without the server's domain") {
    const Delivery known = {.position = 42, .stored = 1'700'000'000'123'456'789};
    CHECK(delivery_in("$JS.ACK.S.consumer.1.42.7.1700000000123456789.3") == known);
    CHECK(delivery_in("$JS.ACK.domain.account.S.consumer.1.42.7.1700000000123456789.3") == known);
    CHECK(delivery_in("$JS.ACK.domain.account.S.consumer.1.42.7.1700000000123456789.3.x") == known);
    for (const char* other : {"", "_INBOX.a.b", "$JS.ACK.S.consumer.1.42", "$JS.ACK.a.b.c.x.d.e.f",
                              "$JS.ACK.S.consumer.1.42.7.now.3"})
        CHECK(delivery_in(other) == Delivery{});
}

TEST_CASE("a mark is one line of text that is read as it was, and nothing else is") {
    const LogMark mark = {.began = "2025-12-28T10:00:00.123456789Z",
                          .position = 7,
                          .event = {"odd id, with a space %"}};
    CHECK(mark_from_text(to_text(mark)) == mark);
    const LogMark none = {.began = "2025-12-28T10:00:00.123456789Z"};
    CHECK(mark_from_text(to_text(none)) == none);
    for (const char* text : {"", "a", "a b", "a 7", " 7 x", "a 7x e", "a 7 %", "a -7 e"})
        CHECK_FALSE(mark_from_text(text));
}
