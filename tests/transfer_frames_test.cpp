// What fetchers and servers say to each other: written and read, and anything else is told apart.

#include "bus/transfer/frames.hpp"

#include <random>

#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

Frame any_frame() {
    return {.kind = FrameKind::chunk,
            .request = 0xfedc'ba98'7654'3210ULL,
            .offset = 1LL << 40,
            .length = 512 * 1024,
            .file = {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
            .route = std::string("gpu-7\0\xff", 7)};
}

FrameProblem problem_of(std::string_view bytes) {
    const auto frame = decode_frame(bytes);
    REQUIRE_FALSE(frame);
    return frame.error();
}

}  // namespace

TEST_CASE("a frame reads as it was written") {
    for (int kind = 1; kind <= static_cast<int>(FrameKind::doubt); ++kind) {
        Frame frame = any_frame();
        frame.kind = static_cast<FrameKind>(kind);
        frame.reason = NoReason::busy;
        const auto read = decode_frame(encode_frame(frame));
        REQUIRE(read);
        CHECK(*read == frame);
    }
    const auto bare = decode_frame(encode_frame({.kind = FrameKind::serve}));
    REQUIRE(bare);
    CHECK(*bare == Frame{.kind = FrameKind::serve});
}

TEST_CASE("the layout of a header is written down and stays") {
    const std::string text = encode_frame(any_frame());
    CHECK(text.size() == header_bytes + 7);
    CHECK(text.substr(0, 8) == std::string("RRFT\x01\x04\x00\x07", 8));
    CHECK(text.substr(8, 8) == "\x10\x32\x54\x76\x98\xba\xdc\xfe");
    CHECK(text.substr(32, 4) == "\x01\x23\x45\x67");
}

TEST_CASE("another version is told apart from nonsense, whatever follows its first five bytes") {
    std::string text = encode_frame(any_frame());
    text[4] = 2;
    CHECK(problem_of(text) == FrameProblem::other_version);
    CHECK(problem_of(std::string("RRFT\x09", 5)) == FrameProblem::other_version);
    CHECK(problem_of("") == FrameProblem::malformed);
    CHECK(problem_of("RRFT") == FrameProblem::malformed);
    CHECK(problem_of("GET / HTTP/1.1\r\n\r\n") == FrameProblem::malformed);
}

TEST_CASE("impossible parts of a file are malformed") {
    const auto with = [](std::int64_t offset, std::int64_t length) {
        Frame frame = any_frame();
        frame.offset = offset;
        frame.length = length;
        return encode_frame(frame);
    };
    CHECK(problem_of(with(-1, 1)) == FrameProblem::malformed);
    CHECK(problem_of(with(0, 0)) == FrameProblem::malformed);
    CHECK(problem_of(with(0, -5)) == FrameProblem::malformed);
    CHECK(problem_of(with(0, chunk_bytes_max + 1)) == FrameProblem::malformed);
    CHECK(problem_of(with(std::numeric_limits<std::int64_t>::max(), 1)) == FrameProblem::malformed);
    CHECK(decode_frame(with(0, chunk_bytes_max)));
}

TEST_CASE("any bytes give a frame that writes as the same bytes, or a problem") {
    std::mt19937 random(static_cast<unsigned>(Catch::rngSeed()));
    std::int64_t sound = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string text = encode_frame(any_frame());
        for (unsigned changes = random() % 4; changes > 0; --changes)
            text[random() % text.size()] = static_cast<char>(random());
        if (random() % 8 == 0) text.resize(random() % (text.size() + 1));
        const auto frame = decode_frame(text);
        if (!frame) continue;
        ++sound;
        CHECK(encode_frame(*frame) == text);
    }
    CHECK(sound > 1000);
}
