// One sample of every version of every event ever written, kept for ever: tests/golden/.
//
// RINGRIFT_GOLDEN=write adds the samples that are missing. It never changes one that is there: a
// sample that no longer reads as it did means that history no longer reads as it did.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bus/codec.hpp"
#include "tests/any_event.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

const std::filesystem::path folder = std::filesystem::path(RINGRIFT_SOURCE_DIR) / "tests/golden";

std::filesystem::path file_of(const EventInfo& info) {
    return folder / (std::string(info.type) + ".v" + std::to_string(info.version) + ".json");
}

/// The first line of the file; empty when it is not there.
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

}  // namespace

TEST_CASE("every event has a sample of its present version, which reads and writes as ever") {
    for (std::size_t i = 0; i < event_catalogue().size(); ++i) {
        const std::filesystem::path path = file_of(event_catalogue()[i]);
        tests::SampleFiller filler;
        if (is_asked_to_write() && !std::filesystem::exists(path)) {
            std::ofstream(path) << encode(tests::any_event(i + 1, filler)) << '\n';
        }
        INFO(path << " (RINGRIFT_GOLDEN=write adds it when it is missing)");
        const std::string line = line_of(path);
        CHECK_FALSE(line.empty());
        if (line.empty()) continue;
        CHECK(encode(decode(line)) == line);
        CHECK(type_of(decode(line)) == event_catalogue()[i].type);
        CHECK(decode(line).fact.index() == i + 1);
    }
}

TEST_CASE("every sample of an older version can still be read") {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        INFO(entry.path());
        const Event event = decode(line_of(entry.path()));
        const auto* unread = std::get_if<Unread>(&event.fact);
        INFO((unread == nullptr ? "" : unread->problem));
        CHECK(unread == nullptr);
        CHECK(entry.path().stem().string().starts_with(std::string(type_of(event)) + ".v"));
    }
}
