#include "bus/transfer/node_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "bus/check.hpp"
#include "bus/unique_fd.hpp"

namespace ringrift::bus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_characters = 40;
constexpr mode_t keys_mode = 0600;
using KeyText = std::array<char, key_characters + 1>;

std::string reason() {
    return std::strerror(errno);
}

KeyProblem problem(std::string_view deed, const fs::path& file) {
    return {"cannot " + std::string(deed) + " the node's keys " + file.string() + ": " + reason()};
}

std::optional<NodeKeys> keys_of(std::string secret) {
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.size() != key_characters) return {};
    KeyText text = {};
    if (::zmq_curve_public(text.data(), secret.c_str()) != 0) return {};
    return NodeKeys{.public_key = {text.data()}, .secret_key = std::move(secret)};
}

Result<NodeKeys, KeyProblem> read_keys(int fd, const fs::path& file) {
    struct stat facts = {};
    if (::fstat(fd, &facts) != 0) return problem("look at", file);
    if ((facts.st_mode & 077) != 0) {
        return KeyProblem{"others can read the node's keys " + file.string() +
                          "; delete the file so that new ones are made, or, if nobody else was on "
                          "this machine, chmod 600 it"};
    }
    std::string text(key_characters + 2, '\0');
    const ssize_t got = ::read(fd, text.data(), text.size());
    if (got < 0) return problem("read", file);
    text.resize(static_cast<std::size_t>(got));
    auto keys = keys_of(std::move(text));
    if (!keys) {
        return KeyProblem{file.string() +
                          " does not hold a node's key; restore it, or delete it so that a new one "
                          "is made (the node must join again then)"};
    }
    return std::move(*keys);
}

/// Complete and durable under `file`, or not there.
Result<Done, KeyProblem> write_keys(const NodeKeys& keys, const fs::path& file) {
    const fs::path temporary = file.string() + ".tmp";
    ::unlink(temporary.c_str());  // Of an attempt that was cut off.
    const UniqueFd fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, keys_mode));
    if (!fd) return problem("create", temporary);
    const std::string text = keys.secret_key + "\n";
    const bool written =
        ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written || ::fsync(fd.get()) != 0) return problem("write", temporary);
    // A link, not a rename: keys that another process made meanwhile stay.
    if (::link(temporary.c_str(), file.c_str()) != 0 && errno != EEXIST)
        return problem("keep", file);
    ::unlink(temporary.c_str());
    const UniqueFd folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return problem("sync", file);
    return Done{};
}

}  // namespace

NodeKeys make_node_keys() {
    KeyText public_key = {};
    KeyText secret_key = {};
    RINGRIFT_CHECK(::zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
    return {.public_key = {public_key.data()}, .secret_key = secret_key.data()};
}

Result<NodeKeys, KeyProblem> load_node_keys(const fs::path& file) {
    std::error_code ignored;
    fs::create_directories(file.parent_path(), ignored);
    UniqueFd there(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!there && errno == ENOENT) {
        const auto written = write_keys(make_node_keys(), file);
        if (!written) return written.error();
        there = UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!there) return problem("open", file);
    return read_keys(there.get(), file);
}

}  // namespace ringrift::bus
