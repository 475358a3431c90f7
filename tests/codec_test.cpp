// What the codec promises: every event comes back as it was, nothing that arrives can hurt, and
// what cannot be read says why.

#include "bus/codec.hpp"

#include <random>
#include <sstream>

#include "bus/facts.hpp"
#include "bus/json.hpp"
#include "bus/log.hpp"
#include "bus/upcast.hpp"
#include "tests/any_event.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

Event claim() {
    Event event;
    event.id = {"0192"};
    event.source = {"gpu-7"};
    event.time = *time_from_text("2025-12-28T10:00:00.123Z");
    event.epoch = 7;
    event.correlation = {"c"};
    event.causation = {"b"};
    event.fact = WorkClaimed{.work = {"w-7"}, .node = {"gpu-1"}};
    return event;
}

/// The text of an event of `type` whose data is `data`.
std::string text_of(const std::string& type, const std::string& data, int version = 1) {
    return R"({"specversion":"1.0","id":"1","source":"/main/nodes/a","type":")" + type +
           R"(","time":"2025-12-28T10:00:00Z","dataversion":)" + std::to_string(version) +
           R"(,"data":)" + data + "}";
}

/// Why `text` cannot be read; "read" when it can.
std::string problem_of(const std::string& text) {
    const Event event = decode(text);
    const auto* unread = std::get_if<Unread>(&event.fact);
    return unread == nullptr ? "read" : unread->problem;
}

std::string problem_at_door(const std::string& text) {
    const auto event = decode_at_door(text);
    return event ? "read" : event.error().sentence;
}

}  // namespace

TEST_CASE("an event is one line of CloudEvents JSON") {
    CHECK(
        encode(claim()) ==
        R"({"specversion":"1.0","id":"0192","source":"/main/nodes/gpu-7","type":"WORK_CLAIMED",)"
        R"("subject":"w-7","time":"2025-12-28T10:00:00.123Z","datacontenttype":"application/json",)"
        R"("dataversion":1,"epoch":7,"correlationid":"c","causationid":"b",)"
        R"("data":{"work":"w-7","node":"gpu-1"}})");
    CHECK(encode_data(claim().fact) == R"({"work":"w-7","node":"gpu-1"})");
}

TEST_CASE("an event of any type and content comes back as it was") {
    tests::RandomFiller filler(1);
    for (const Event& event : tests::events_of_every_type(filler, 100)) {
        const std::string text = encode(event);
        INFO(text);
        REQUIRE(decode(text) == event);
        REQUIRE(encode(decode(text)) == text);
        REQUIRE(text.find('\n') == std::string::npos);
        REQUIRE(text.size() <= encoded_bytes_at_most(event));
    }
}

TEST_CASE("members may stand in any order, and unknown ones are skipped") {
    CHECK(decode(R"({"data":{"extra":[1.5],"node":"gpu-1","work":"w-7"},"epoch":7,"id":"0192",
        "time":"2025-12-28T11:00:00.123+01:00","type":"WORK_CLAIMED","traceparent":"00",
        "causationid":"b","correlationid":"c","source":"/x/nodes/gpu-7","specversion":"1.0"})") ==
          claim());
}

TEST_CASE("a fact with a wrong field is parked with a sentence that names the field") {
    const auto problem = [](const std::string& data) {
        return problem_of(text_of("WORK_STARTED", data));
    };
    CHECK(problem(R"({"work":"w","node":"a","fence":1})") == "read");
    CHECK(problem(R"({"node":"a","fence":1})") == "field 'work' is missing");
    CHECK(problem(R"({"work":1,"node":"a","fence":1})") == "field 'work' should be text");
    const std::string fence = "field 'fence' should be an integer from 0 to 18446744073709551615";
    CHECK(problem(R"({"work":"w","node":"a","fence":-1})") == fence);
    CHECK(problem(R"({"work":"w","node":"a","fence":1.5})") == fence);
    CHECK(problem(R"({"work":"w","node":"a","fence":1e3})") == fence);
    CHECK(problem(R"({"work":"w","node":"a","fence":"1"})") == fence);
    CHECK(problem(R"({"work":"w","node":"a","fence":1e400})") == fence);
    CHECK(problem(R"({"work":"w","node":"a","fence":18446744073709551616})") == fence);
    CHECK(problem("[]") == "field 'data' should be an object");
    CHECK(problem("null") == "field 'data' should be an object");
}

TEST_CASE("a problem deep inside is named by its path") {
    WorkCompleted fact = {.work = {"w"}, .node = {"a"}, .fence = 1};
    fact.result.files = {{.file = {"f"}}};
    std::string data = encode_data(fact);
    data.replace(data.find(R"("file":"f")"), 10, R"("file":[7])");
    CHECK(problem_of(text_of("WORK_COMPLETED", data)) ==
          "field 'result.files[0].file' should be text");
}

TEST_CASE("an enumerator is its name without the trailing underscore") {
    const std::string text = encode_data(WorkQueued{.work = {"w"}, .type = WorkType::export_});
    CHECK(text.find(R"("type":"export")") != std::string::npos);
    const auto fact = fact_from("WORK_QUEUED", text);
    REQUIRE(fact.ok());
    CHECK(std::get<WorkQueued>(*fact).type == WorkType::export_);
}

TEST_CASE("what is broken as text is kept and never thrown") {
    const std::string deep = std::string(1000, '[') + std::string(1000, ']');
    const std::string event = text_of("WORK_CLAIMED", R"({"work":"w","node":"a"})");
    const std::vector<std::string> corpus = {
        "",
        " ",
        "{",
        "}",
        "null",
        "1",
        "NaN",
        "[]",
        "{}",
        "\xff",
        deep,
        event + event,
        event + "x",
        R"({"id":NaN})",
        R"({"id":"a","id":"b"})",
        R"({"id":"\ud800"})",
        "{\"id\":\"\xc3\x28\"}",
        text_of("WORK_CLAIMED", R"({"work":"w","work":"v","node":"a"})"),
        text_of("WORK_CLAIMED", R"({"work":"w","node":"a","x":)" + deep + "}"),
        text_of("WORK_CLAIMED", "{\"work\":\"\xed\xa0\x80\",\"node\":\"a\"}"),
        text_of("WORK_CLAIMED", R"({"work":"w","node":"a"},"specversion":"0.3")"),
        R"({"specversion":"1.0","type":"WORK_CLAIMED","data":{"work":"w","node":"a"}})",
        R"({"specversion":"1.0","id":"1","data":{"work":"w","node":"a"}})"};
    for (const std::string& text : corpus) {
        INFO(text.substr(0, 200));
        CHECK(problem_of(text) != "read");
        CHECK(problem_of(text) != "");
        CHECK((text.empty() || encode(decode(text)) == text));
        CHECK_FALSE(decode_at_door(text).ok());
    }
    CHECK(problem_of(event) == "read");
}

TEST_CASE("no change of bytes can crash the codec, and what it reads it writes the same again") {
    tests::RandomFiller filler(2);
    std::mt19937 random(3);
    for (const Event& event : tests::events_of_every_type(filler, 30)) {
        std::string text = encode(event);
        for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0: text[at] = static_cast<char>(random()); break;
                case 1: text.erase(at, 1 + random() % 8); break;
                case 2: text.insert(at, 1, "\"{}[],:0-.\\eE"[random() % 13]); break;
                default: text.insert(at, text.substr(random() % text.size(), random() % 20)); break;
            }
            if (text.empty()) break;
        }
        const std::string once = encode(decode(text));
        REQUIRE(encode(decode(once)) == once);
        const auto at_door = decode_at_door(text);
        if (at_door) REQUIRE(decode(encode(*at_door)) == *at_door);
    }
}

TEST_CASE("an unknown type is kept as it came, with what its envelope says") {
    const std::string text = text_of("SOMETHING_NEW", R"({"a":1.25})");
    const Event event = decode(text);
    const auto& unread = std::get<Unread>(event.fact);
    CHECK(unread.why == Unread::Why::unknown_type);
    CHECK(event.id == EventId{"1"});
    CHECK(event.source == NodeId{"a"});
    CHECK(type_of(event) == "SOMETHING_NEW");
    CHECK(noun_of(event) == "unread");
    CHECK(encode(event) == text);
}

TEST_CASE("a newer version of a known type is parked and says so") {
    CHECK(problem_of(text_of("WORK_CLAIMED", R"({"work":"w","node":"a"})", 2)) ==
          "field 'dataversion' is version 2, newer than this program's 1");
    CHECK(problem_of(text_of("WORK_CLAIMED", R"({"work":"w","node":"a"})", 0)) ==
          "field 'dataversion' is version 0, and there is no way from 0 to 1");
}

TEST_CASE("an old version is brought up to today's before it is read") {
    const Upcast table[] = {
        {"WORK_CLAIMED", 0, [](boost::json::object& data) { data["node"] = data["host"]; }}};
    const Event event =
        decode_with(text_of("WORK_CLAIMED", R"({"work":"w","host":"a"})", 0), table);
    REQUIRE(std::holds_alternative<WorkClaimed>(event.fact));
    CHECK(std::get<WorkClaimed>(event.fact).node == NodeId{"a"});
    CHECK(encode(event).find(R"("dataversion":1)") != std::string::npos);
}

TEST_CASE("the door takes what is right and refuses the rest with a sentence") {
    const std::string good = text_of("WORK_CLAIMED", R"({"work":"w","node":"a"})");
    CHECK(problem_at_door(good) == "read");
    CHECK(problem_at_door(text_of("SOMETHING_NEW", "{}")) ==
          "type 'SOMETHING_NEW' is not known to this program");
    CHECK(problem_at_door(text_of("WORK_CLAIMED", R"({"work":"w"})")) == "field 'node' is missing");
    CHECK(problem_at_door(text_of("WORK_CLAIMED", R"({"work":"","node":"a"})")) ==
          "has an id that is empty, too long or holds control characters");
    CHECK(problem_at_door(text_of("WORK_CLAIMED", R"({"work":"w","node":"a\nb"})")) ==
          "field 'node' should be at most 200 bytes without control characters");
    const std::string many(event_bytes_max, ' ');
    CHECK(problem_at_door(good + many) == "the event is larger than 1 MiB");
    const std::string no_id =
        R"({"specversion":"1.0","type":"WORK_CLAIMED","data":{"work":"w","node":"a"}})";
    CHECK(problem_at_door(no_id) == "field 'id' is missing");
}

TEST_CASE("bytes that are no UTF-8 are written as the replacement character") {
    const WorkParked parked = {.work = {"w"}, .reason = "a\xff\xc3", .evidence = "ü\xf0\x9f\x8e"};
    CHECK(encode_data(parked) == R"({"work":"w","reason":"a��","evidence":"ü���"})");
    const WorkParked odd = {.work = {"w"}, .reason = "\xed\xa0\x80", .evidence = "\xe0\x80\x80"};
    CHECK(encode_data(odd) == R"({"work":"w","reason":"���","evidence":"���"})");
}

TEST_CASE("an event prints as one bounded line with what matters") {
    const auto print = [](const Event& event) { return (std::ostringstream() << event).str(); };
    CHECK(print(claim()) == "WORK_CLAIMED w-7 node=gpu-1");
    tests::RandomFiller filler(4);
    for (const Event& event : tests::events_of_every_type(filler, 20)) {
        const std::string line = print(event);
        INFO(line);
        REQUIRE(line.starts_with(type_of(event)));
        REQUIRE(line.size() <= 240);
        REQUIRE(std::ranges::none_of(line,
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    }
}

TEST_CASE("the catalogue has every type once") {
    std::set<std::string_view> types;
    for (const EventInfo& info : event_catalogue()) types.insert(info.type);
    CHECK(types.size() == std::variant_size_v<Fact> - 1);
    CHECK(event_catalogue().size() == types.size());
}
