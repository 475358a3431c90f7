// What jobs may say, and what is not one of our messages.

#include "bus/job_message.hpp"

#include "tests/catch.hpp"

namespace ringrift::bus {

TEST_CASE("a job says how far it is") {
    const auto message = parse_job_message(
        R"({"work":"w-1","fence":812,"progress_ppm":250000,"games":50,"unknown":[1.5]})");
    REQUIRE(message);
    CHECK(*message == JobMessage{{"w-1"}, 812, ProgressSaid{250'000, 50}});
}

TEST_CASE("a job that echoes its fence from the environment may say it as a text") {
    const auto message = parse_job_message(R"({"work":"w-1","fence":"812","progress_ppm":1})");
    REQUIRE(message);
    CHECK(message->fence == 812);
    CHECK_FALSE(parse_job_message(R"({"work":"w-1","fence":"8 12","progress_ppm":1})"));
}

TEST_CASE("a job says an event of its own, which is handed on as it is") {
    const auto message = parse_job_message(
        R"({"work":"w-1","fence":3,"event":"training_progress","data":{"step":7,"loss":0.5}})");
    REQUIRE(message);
    CHECK(message->said ==
          decltype(message->said)(EventSaid{"training_progress", R"({"step":7,"loss":5E-1})"}));
}

TEST_CASE("what is neither is refused") {
    for (const char* text : {
             "",
             "{",
             "7",
             "[]",
             "{}",
             "null",
             "\xff\xfe",
             R"({"fence":1,"progress_ppm":1})",                      // Of no work.
             R"({"work":"","fence":1,"progress_ppm":1})",            //
             R"({"work":"w","progress_ppm":1})",                     // Of no claim.
             R"({"work":"w","fence":-1,"progress_ppm":1})",          //
             R"({"work":"w","fence":1})",                            // Says nothing.
             R"({"work":"w","fence":1,"progress_ppm":-1})",          //
             R"({"work":"w","fence":1,"progress":1.5})",             //
             R"({"work":"w","fence":1,"progress":"half"})",          //
             R"({"work":"w","fence":1,"event":"","data":{}})",       //
             R"({"work":"w","fence":1,"event":"E"})",                //
             R"({"work":"w","fence":1,"event":"E","data":[1]})",     //
             R"({"work":"w","fence":1,"progress_ppm":1} trailing)",  //
         }) {
        INFO(text);
        CHECK_FALSE(parse_job_message(text));
    }
    const std::string deep = R"({"work":"w","fence":1,"event":"E","data":)" +
                             std::string(1000, '[') + std::string(1000, ']') + "}";
    CHECK_FALSE(parse_job_message(deep));
}

TEST_CASE("a line on standard output may say its share as a number from 0 to 1") {
    CHECK(parse_progress(R"({"progress":0.25})") == ProgressSaid{250'000, 0});
    CHECK(parse_progress(R"({"progress":1})") == ProgressSaid{1'000'000, 0});
    CHECK(parse_progress(R"({"progress_ppm":2000000,"games":3})") == ProgressSaid{1'000'000, 3});
    CHECK_FALSE(parse_progress("progress: 50 %"));
    CHECK_FALSE(parse_progress(""));
}

}  // namespace ringrift::bus
