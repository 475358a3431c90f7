// The course of a fetch as a conversation: what is asked of whom, what is asked again, when it
// ends.

#include "bus/transfer/fetch_course.hpp"

#include <random>

#include "tests/catch.hpp"

using namespace ringrift::bus;
using namespace std::chrono_literals;

namespace {

const FileDigest file = {std::string(64, 'f')};
constexpr std::int64_t chunk = 100;

FetchBounds bounds() {
    return {.chunk_bytes = chunk,
            .credit = 3,
            .window = 8,
            .streams_per_source = 1,
            .connect_max = 5s,
            .answer_max = 10s,
            .hedge = 1s,
            .retry_first = 100ms,
            .retry_max = 3s,
            .patience = 30s};
}

/// A course, its sources "a", "b" …, and a clock.
struct Talk {
    explicit Talk(std::size_t sources, std::optional<std::int64_t> bytes = {},
                  FetchBounds with = bounds())
        : course(file, bytes, named(sources), with, now) {}

    static std::vector<FetchCourse::Source> named(std::size_t count) {
        std::vector<FetchCourse::Source> sources;
        for (std::size_t n = 0; n < count; ++n)
            sources.push_back({.node = {std::string(1, static_cast<char>('a' + n))}});
        return sources;
    }

    /// One line for each step: `connect 0; ask 0; pull 0 300; close 1; prepare 1000`.
    std::string next() {
        std::string text;
        for (const auto& step : course.next(now)) {
            if (!text.empty()) text += "; ";
            text += in_words(step);
        }
        return text;
    }
    std::string in_words(const FetchCourse::Step& step) {
        if (const auto* connect = std::get_if<FetchCourse::Connect>(&step))
            return "connect " + std::to_string(connect->stream);
        if (const auto* close = std::get_if<FetchCourse::Close>(&step))
            return "close " + std::to_string(close->stream);
        if (const auto* prepare = std::get_if<FetchCourse::Prepare>(&step))
            return "prepare " + std::to_string(prepare->bytes);
        const auto& say = std::get<FetchCourse::Say>(step);
        CHECK(say.frame.file == file);
        if (say.frame.kind == FrameKind::ask) return "ask " + std::to_string(say.stream);
        return "pull " + std::to_string(say.stream) + " " + std::to_string(say.frame.offset);
    }

    void ready(std::size_t stream) { course.ready(stream, now); }
    void here(std::size_t stream, std::int64_t bytes) {
        CHECK_FALSE(
            course.heard(stream, {.kind = FrameKind::here, .length = bytes, .file = file}, 0, now));
    }
    bool brings(std::size_t stream, std::int64_t offset, std::int64_t length = chunk) {
        return course.heard(
            stream, {.kind = FrameKind::chunk, .offset = offset, .length = length, .file = file},
            static_cast<std::size_t>(length), now);
    }
    void says_no(std::size_t stream, NoReason reason) {
        CHECK_FALSE(course.heard(stream, {.kind = FrameKind::no, .reason = reason}, 0, now));
    }
    /// All streams are connected, asked and answered; the fetch has begun at `from`.
    void under_way(std::int64_t bytes, std::int64_t from = 0) {
        next();
        for (std::size_t n = 0; n < course.streams(); ++n) ready(n);
        next();
        for (std::size_t n = 0; n < course.streams(); ++n) here(n, bytes);
        CHECK(next() == "prepare " + std::to_string(bytes));
        course.begin(from, now);
    }
    FetchError failed() {
        const auto failure = course.failure(now);
        REQUIRE(failure);
        INFO(failure->sentence);
        CHECK(failure->sentence.find(advice_for(failure->error)) != std::string::npos);
        return failure->error;
    }

    MonotonicTime now = MonotonicTime(1h);
    FetchCourse course;
};

}  // namespace

TEST_CASE(
    "it connects, asks for the size, prepares the file once, and asks for what credit allows") {
    Talk talk(1);
    CHECK(talk.next() == "connect 0");
    CHECK(talk.next().empty());
    talk.ready(0);
    CHECK(talk.next() == "ask 0");
    talk.here(0, 450);
    CHECK(talk.next() == "prepare 450");
    CHECK(talk.next().empty());
    talk.course.begin(0, talk.now);
    CHECK(talk.next() == "pull 0 0; pull 0 100; pull 0 200");
    CHECK(talk.brings(0, 0));
    CHECK(talk.next() == "pull 0 300");
    CHECK(talk.brings(0, 100));
    CHECK(talk.brings(0, 200));
    CHECK(talk.next() == "pull 0 400");
    CHECK(talk.brings(0, 300));
    CHECK(talk.brings(0, 400, 50));
    CHECK_FALSE(talk.course.complete());
    talk.course.written(450);
    CHECK(talk.course.complete());
    CHECK_FALSE(talk.course.failure(talk.now + 1h));
}

TEST_CASE("an empty file is complete as soon as its size is known") {
    Talk talk(1);
    talk.under_way(0);
    CHECK(talk.course.complete());
}

TEST_CASE("what an earlier try brought is not asked for again") {
    Talk talk(1);
    talk.under_way(450, 230);
    CHECK(talk.next() == "pull 0 230; pull 0 330; pull 0 430");
    CHECK(talk.brings(0, 430, 20));
}

TEST_CASE("two sources share the work, and the one who answers gets more of it") {
    Talk talk(2);
    talk.under_way(10'000);
    CHECK(talk.next() == "pull 0 0; pull 1 100; pull 0 200; pull 1 300; pull 0 400; pull 1 500");
    CHECK(talk.brings(1, 100));
    CHECK(talk.brings(1, 300));
    CHECK(talk.next() == "pull 1 600; pull 1 700");
}

TEST_CASE("no more is asked for than may wait in memory") {
    Talk talk(4);
    talk.under_way(10'000);
    talk.next();
    for (std::int64_t offset = 100; offset < 800; offset += 100)
        CHECK(talk.brings(static_cast<std::size_t>(offset / 100) % 4, offset));
    CHECK(talk.next().empty());  // Eight chunks: all but the first have come, none can be written.
    CHECK(talk.brings(0, 0));
    talk.course.written(200);
    CHECK(talk.next() == "pull 0 800; pull 1 900");
}

TEST_CASE("what a lost connection owed is asked of others first") {
    Talk talk(2);
    talk.under_way(10'000);
    talk.next();
    talk.course.lost(0, FetchError::unreachable, talk.now);
    CHECK(talk.brings(1, 100));
    CHECK(talk.next() == "close 0; pull 1 0");
    CHECK(talk.brings(1, 300));
    CHECK(talk.next() == "pull 1 200");
    talk.now += 100ms;
    CHECK(talk.next() == "connect 0");
}

TEST_CASE("a connection is tried again after a back-off that doubles") {
    Talk talk(1);
    talk.next();
    std::vector<std::int64_t> waits;
    for (int n = 0; n < 7; ++n) {
        talk.course.lost(0, FetchError::unreachable, talk.now);
        const MonotonicTime lost_at = talk.now;
        CHECK(talk.next() == "close 0");
        while (talk.next() != "connect 0") talk.now += 100ms;
        waits.push_back((talk.now - lost_at) / 1ms);
    }
    CHECK(waits == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 3000, 3000});
    CHECK_FALSE(talk.course.failure(talk.now));
    talk.now += 30s;
    CHECK(talk.failed() == FetchError::unreachable);
}

TEST_CASE("a source that stops answering is left, and its chunks go to the other one") {
    Talk talk(2);
    talk.under_way(500);
    talk.next();
    for (const std::int64_t offset : {100, 300}) CHECK(talk.brings(1, offset));
    talk.now += 900ms;
    CHECK(talk.next().empty());
    talk.now += 200ms;  // What 0 owes for so long, 1 is asked for too; the first to come counts.
    for (const std::int64_t offset : {0, 200, 400}) {
        CHECK(talk.next() == "pull 1 " + std::to_string(offset));
        CHECK(talk.brings(1, offset));
    }
    CHECK_FALSE(talk.brings(0, 0));
    talk.course.written(500);
    CHECK(talk.course.complete());
}

TEST_CASE("a lone source that stops answering is closed, tried again, and given up in the end") {
    Talk talk(1);
    talk.under_way(500);
    talk.next();
    talk.now += 11s;
    CHECK(talk.next() == "close 0");
    talk.now += 200ms;
    CHECK(talk.next() == "connect 0");
    talk.course.connected(0);
    talk.now += 6s;  // It is connected, but does not get ready.
    CHECK(talk.next() == "close 0");
    CHECK_FALSE(talk.course.failure(talk.now));
    talk.now += 30s;
    CHECK(talk.failed() == FetchError::stalled);
}

TEST_CASE("a busy server that says WAIT is waited for") {
    Talk talk(1);
    talk.under_way(500);
    talk.next();
    for (int n = 0; n < 20; ++n) {
        talk.now += 5s;
        CHECK_FALSE(talk.course.heard(0, {.kind = FrameKind::wait}, 0, talk.now));
        CHECK(talk.next().empty());
        CHECK_FALSE(talk.course.failure(talk.now));
    }
}

TEST_CASE("while our own disk is slow nobody is blamed") {
    Talk talk(1);
    talk.under_way(300);
    talk.next();
    for (const std::int64_t offset : {0, 100, 200}) CHECK(talk.brings(0, offset));
    talk.now += 1h;
    CHECK(talk.next().empty());
    CHECK_FALSE(talk.course.failure(talk.now));
}

TEST_CASE("who cannot help is asked no more; when nobody can, it is over at once") {
    Talk talk(3);
    talk.under_way(500);
    talk.next();
    talk.says_no(0, NoReason::no_such_file);
    talk.says_no(1, NoReason::denied);
    talk.now += 5s;
    CHECK(talk.next().find("connect") == std::string::npos);
    CHECK_FALSE(talk.course.failure(talk.now));
    talk.course.lost(2, FetchError::wrong_size, talk.now);
    CHECK(talk.failed() == FetchError::denied);
    CHECK(talk.course.failure(talk.now)->sentence.find("a: no_such_file, b: denied") !=
          std::string::npos);
}

TEST_CASE("who fails to prove who it is three times in a row is an impostor") {
    Talk talk(1);
    for (int n = 0; n < 3; ++n) {
        CHECK_FALSE(talk.course.failure(talk.now));
        talk.now += 1s;
        CHECK(talk.next() == "connect 0");
        talk.course.lost(0, FetchError::impostor, talk.now);
        CHECK(talk.next() == "close 0");
    }
    CHECK(talk.failed() == FetchError::impostor);
}

TEST_CASE("a source whose file has another size is not used") {
    Talk talk(2, 500);
    talk.next();
    talk.ready(0);
    talk.ready(1);
    talk.next();
    talk.here(0, 499);
    talk.here(1, 500);
    CHECK(talk.next() == "close 0; prepare 500");
    talk.says_no(1, NoReason::unreadable);
    CHECK(talk.failed() == FetchError::wrong_size);
}

TEST_CASE("nobody to ask is a failure that says so") {
    Talk talk(0);
    CHECK(talk.failed() == FetchError::unreachable);
}

TEST_CASE("a chunk that was not asked for, or of the wrong size, is not believed") {
    Talk talk(2);
    talk.under_way(10'000);
    talk.next();
    CHECK_FALSE(talk.brings(0, 100));  // That was asked of 1.
    CHECK(talk.next().starts_with("close 0"));
    CHECK_FALSE(talk.course.heard(
        1, {.kind = FrameKind::chunk, .offset = 100, .length = 100, .file = file}, 99, talk.now));
    CHECK(talk.failed() == FetchError::other_version);
}

TEST_CASE("whatever gets lost, all chunks are written once sources answer, each needed once") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        const auto below = [&](unsigned bound) { return random() % bound; };
        FetchBounds with = bounds();
        with.streams_per_source = 1 + below(3);
        Talk talk(1 + below(3), {}, with);
        const auto bytes = static_cast<std::int64_t>(below(5000));
        std::set<std::int64_t> missing;
        std::map<std::size_t, std::vector<Frame>> asked;
        std::int64_t written = 0;
        std::map<std::int64_t, std::int64_t> here;
        for (int step = 0; step < 20'000 && !talk.course.complete(); ++step) {
            talk.now += 10ms;
            for (const auto& todo : talk.course.next(talk.now)) {
                if (const auto* connect = std::get_if<FetchCourse::Connect>(&todo)) {
                    if (below(4) == 0)
                        talk.course.lost(connect->stream, FetchError::unreachable, talk.now);
                    else
                        talk.ready(connect->stream);
                } else if (const auto* close = std::get_if<FetchCourse::Close>(&todo)) {
                    asked[close->stream].clear();
                } else if (const auto* say = std::get_if<FetchCourse::Say>(&todo)) {
                    asked[say->stream].push_back(say->frame);
                } else {
                    talk.course.begin(0, talk.now);
                }
            }
            for (auto& [stream, frames] : asked) {
                if (frames.empty() || below(3) == 0) continue;
                Frame frame = frames.front();
                frames.erase(frames.begin());
                if (below(20) == 0) {
                    talk.course.lost(stream, FetchError::unreachable, talk.now);
                } else if (frame.kind == FrameKind::ask) {
                    talk.here(stream, bytes);
                } else if (talk.brings(stream, frame.offset, frame.length)) {
                    CHECK(here.emplace(frame.offset, frame.length).second);
                }
            }
            while (here.contains(written) && below(2) == 0) {
                written += here.at(written);
                talk.course.written(written);
            }
            CHECK_FALSE(talk.course.failure(talk.now));
        }
        CHECK(talk.course.complete());
        CHECK(written == bytes);
    }
}
