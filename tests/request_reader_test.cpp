// Bytes to requests, without a socket: whatever way the bytes are cut, the same request comes out.

#include "ops/http/request_reader.hpp"

#include "tests/catch.hpp"

using namespace ringrift::ops::http;
using State = RequestReader::State;

namespace {

constexpr std::size_t head_max = 1024;
constexpr std::size_t body_max = 64;

const std::string two_requests =
    "POST /work/a%2Fb?x=1 HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: "
    "5\r\n\r\n"
    "helloGET / HTTP/1.1\r\n\r\n";

}  // namespace

TEST_CASE("a request is the same however its bytes are cut, and takes no byte of the next") {
    for (std::size_t cut = 0; cut <= two_requests.size(); ++cut) {
        INFO("cut at " << cut);
        RequestReader reader(head_max, body_max);
        std::string bytes = two_requests.substr(0, cut);
        State state = reader.take(bytes);
        bytes += two_requests.substr(cut);
        if (state == State::needs_more) state = reader.take(bytes);
        REQUIRE(state == State::done);
        CHECK(reader.request().method == "POST");
        CHECK(reader.request().segments == std::vector<std::string>{"work", "a/b"});
        CHECK(reader.request().headers.at("x-twice") == "1, 2");
        CHECK(reader.request().body == "hello");
        CHECK(reader.keep_alive());
        CHECK(bytes == "GET / HTTP/1.1\r\n\r\n");
    }
}

TEST_CASE("a client that waits for leave to send its body is given it once") {
    RequestReader reader(head_max, body_max);
    std::string bytes = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    CHECK(reader.take(bytes) == State::wants_continue);
    bytes = "o";
    CHECK(reader.take(bytes) == State::needs_more);
    bytes += "k";
    CHECK(reader.take(bytes) == State::done);
    CHECK(reader.request().body == "ok");
}

TEST_CASE("a chunked body is bounded as any other") {
    RequestReader reader(head_max, body_max);
    std::string bytes = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 5; ++i) bytes += "10\r\n0123456789abcdef\r\n";
    REQUIRE(reader.take(bytes) == State::refused);
    CHECK(reader.refusal().status == 413);
}

TEST_CASE("a head without an end is refused before it fills the memory") {
    RequestReader reader(head_max, body_max);
    std::string bytes = "GET / HTTP/1.1\r\nX: ";
    State state = reader.take(bytes);
    for (int i = 0; i < 100 && state == State::needs_more; ++i) {
        bytes += std::string(100, 'x');
        state = reader.take(bytes);
    }
    REQUIRE(state == State::refused);
    CHECK(reader.refusal().status == 431);
    CHECK(bytes.size() < 4 * head_max);
}
