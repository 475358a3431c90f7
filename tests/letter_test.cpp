// Letters as text: the same bytes for ever, and nothing that is no letter does any harm.

#include "bus/letter.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/any_event.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using Why = NoLetter::Why;

namespace {

const std::filesystem::path folder =
    std::filesystem::path(RINGRIFT_SOURCE_DIR) / "tests/golden/letters";

Letter any_letter(std::size_t index, tests::Filler& filler) {
    Letter letter = {.from = {"f" + filler.text("from")}, .to = {filler.text("to")}};
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<std::variant_size_v<Message>>>([&](auto i) {
        if (i == index) tests::fill(letter.message.emplace<i>(), "", filler);
    });
    return letter;
}

std::filesystem::path file_of(const MessageInfo& info) {
    return folder / (std::string(info.type) + ".v" + std::to_string(info.version) + ".json");
}

std::string line_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

bool is_asked_to_write() {
    const char* asked = std::getenv("RINGRIFT_GOLDEN");
    return asked != nullptr && std::string_view(asked) == "write";
}

Why why_not(const std::string& text) {
    const auto letter = decode_letter(text);
    REQUIRE_FALSE(letter.ok());
    CHECK_FALSE(letter.error().sentence.empty());
    return letter.error().why;
}

}  // namespace

TEST_CASE("every message has a sample of its present form, which reads and writes as ever") {
    for (std::size_t i = 0; i < message_catalogue().size(); ++i) {
        const auto path = file_of(message_catalogue()[i]);
        tests::SampleFiller filler;
        if (is_asked_to_write() && !std::filesystem::exists(path)) {
            std::filesystem::create_directories(folder);
            std::ofstream(path) << encode(any_letter(i, filler)) << '\n';
        }
        INFO(path << " (RINGRIFT_GOLDEN=write adds it when it is missing)");
        const auto letter = decode_letter(line_of(path));
        REQUIRE(letter.ok());
        CHECK(encode(*letter) == line_of(path));
        CHECK(type_of(letter->message) == message_catalogue()[i].type);
    }
}

TEST_CASE("every sample of an older form can still be read") {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        INFO(entry.path());
        const auto letter = decode_letter(line_of(entry.path()));
        REQUIRE(letter.ok());
        CHECK(
            entry.path().stem().string().starts_with(std::string(type_of(letter->message)) + ".v"));
    }
}

TEST_CASE("no two messages have the same name") {
    std::set<std::string_view> names;
    for (const MessageInfo& info : message_catalogue()) CHECK(names.insert(info.type).second);
}

TEST_CASE("any letter comes back as it was written") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        tests::RandomFiller filler(seed);
        for (std::size_t i = 0; i < message_catalogue().size(); ++i) {
            Letter letter = any_letter(i, filler);
            // An id holds no control characters; those that do are refused, see below.
            letter.from = {"v-\"\\ü"};
            letter.to = {seed % 2 == 0 ? "" : "棋"};
            const auto read = decode_letter(encode(letter));
            REQUIRE(read.ok());
            CHECK(*read == letter);
        }
    }
}

TEST_CASE("a letter to all names nobody") {
    const Letter letter = {.from = {"v1"}, .message = Resignation{.epoch = 7, .reason = "asked"}};
    CHECK(encode(letter) ==
          R"({"type":"RESIGNATION","from":"v1","data":{"epoch":7,"reason":"asked"}})");
}

TEST_CASE("what is no letter is refused with its reason") {
    const std::string data = R"("data":{"epoch":1,"reason":""})";
    CHECK(why_not("") == Why::malformed);
    CHECK(why_not("[]") == Why::malformed);
    CHECK(why_not("{}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION",)" + data + "}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":"",)" + data + "}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":"a\n",)" + data + "}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":"a","to":7,)" + data + "}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":"a"})") == Why::malformed);
    CHECK(why_not(R"({"type":7,"from":"a",)" + data + "}") == Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":"a","data":{"epoch":-1,"reason":""}})") ==
          Why::malformed);
    CHECK(why_not(R"({"type":"RESIGNATION","from":")" + std::string(201, 'a') + "\"," + data +
                  "}") == Why::malformed);
    CHECK(why_not(R"({"type":"OF_THE_FUTURE","from":"a",)" + data + "}") == Why::unknown_type);
    CHECK(why_not(std::string(letter_bytes_max + 1, ' ')) == Why::too_large);
}

TEST_CASE("fields that are not known are skipped") {
    const auto letter = decode_letter(
        R"({"more":1,"type":"RESIGNATION","from":"a","data":{"x":[],"epoch":1,"reason":"r"}})");
    REQUIRE(letter.ok());
    CHECK(letter->message == Message(Resignation{.epoch = 1, .reason = "r"}));
}
