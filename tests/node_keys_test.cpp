// The keys of a node: made once, for its eyes only.

#include "bus/transfer/node_keys.hpp"

#include <sys/stat.h>

#include <fstream>

#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

std::filesystem::path key_file(const tests::TemporaryFolder& folder) {
    return folder.path() / "keys" / "node.key";
}

NodeKeys keys_in(const std::filesystem::path& file) {
    const auto keys = load_node_keys(file);
    if (!keys) FAIL(keys.error().sentence);
    return *keys;
}

}  // namespace

TEST_CASE("a node's keys are made once and are the same ever after") {
    const tests::TemporaryFolder folder;
    const NodeKeys first = keys_in(key_file(folder));
    CHECK(first.public_key.value.size() == 40);
    CHECK(first.secret_key.size() == 40);
    const NodeKeys again = keys_in(key_file(folder));
    CHECK(again.public_key == first.public_key);
    CHECK(again.secret_key == first.secret_key);
    CHECK(make_node_keys().public_key != first.public_key);
}

TEST_CASE("only the node's user can read its keys") {
    const tests::TemporaryFolder folder;
    const auto file = key_file(folder);
    keys_in(file);
    struct stat facts = {};
    REQUIRE(::stat(file.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0600);
    CHECK(facts.st_nlink == 1);
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const auto refused = load_node_keys(file);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().sentence.find("chmod 600") != std::string::npos);
}

TEST_CASE("a file that holds no keys is refused and stays as it is") {
    const tests::TemporaryFolder folder;
    const auto file = key_file(folder);
    std::filesystem::create_directories(file.parent_path());
    for (const std::string text :
         {"", "nonsense\n", "0123456789012345678901234567890123456789\n"}) {
        std::ofstream(file) << text;
        ::chmod(file.c_str(), 0600);
        const auto keys = load_node_keys(file);
        // 40 digits are well-formed Z85 and so are somebody's key.
        CHECK(keys.ok() == (text.size() == 41));
        if (!keys) CHECK(keys.error().sentence.find("does not hold") != std::string::npos);
    }
}

TEST_CASE("keys cut off while they were made are made anew") {
    const tests::TemporaryFolder folder;
    const auto file = key_file(folder);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file.string() + ".tmp") << "half";
    keys_in(file);
    CHECK_FALSE(std::filesystem::exists(file.string() + ".tmp"));
}

TEST_CASE("where no file can be made, a sentence says so") {
    const auto keys = load_node_keys("/proc/no/such/node.key");
    REQUIRE_FALSE(keys);
    CHECK(keys.error().sentence.find("/proc/no/such/node.key") != std::string::npos);
}
