#pragma once

// A node as file transfer sees it, for tests: a data folder, keys, a server, and fetches.

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bus/transfer/file_fetch.hpp"
#include "ops/jobs/file_store.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

using namespace bus;
using namespace std::chrono_literals;

inline const MonotonicClock clock_now = [] { return std::chrono::steady_clock::now(); };

inline std::string random_bytes(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes(count, '\0');
    for (std::size_t at = 0; at < count; ++at) {
        if (at % 8 == 0 && at + 8 <= count) {
            const std::uint64_t word = random();
            std::memcpy(bytes.data() + at, &word, 8);
        }
    }
    return bytes;
}

inline FileDigest digest_of(const std::string& bytes) {
    Sha256 sum;
    sum.add(bytes.data(), bytes.size());
    return sum.finish();
}

/// A node's data folder, its keys, and what it needs to give and to get files.
struct Site {
    explicit Site(const std::string& named) : name{named}, root(folder.path()), store(root) {}

    void has(const std::string& bytes) { puts(digest_of(bytes), bytes); }
    void puts(const FileDigest& file, const std::string& bytes) {
        const auto path = store.path_of(file);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    void serve(FileServerOptions options = {}) {
        options.endpoint = "tcp://127.0.0.1:*";
        if (options.keys.public_key.empty()) options.keys = keys;
        auto opened = FileServer::open(
            options, [this](const FileDigest& file) { return store.find(file); }, clock_now);
        if (!opened) FAIL(opened.error().sentence);
        server = std::move(*opened);
    }
    void lets_in(const std::vector<const Site*>& sites) {
        Members members;
        for (const Site* site : sites) members[site->keys.public_key] = site->name;
        server->set_members(members);
    }
    FileSource source() const {
        return {.node = name, .server = {server->endpoint(), keys.public_key}};
    }
    FetchSetting setting() const {
        return {
            .keys = keys,
            .place = {.partial = root / "incoming",
                      .quarantine = root / "quarantine",
                      .keep = [this](int fd, const FileDigest& file) -> Result<Done, KeepProblem> {
                          const auto kept = store.keep(fd, file);
                          if (!kept) return KeepProblem{kept.error().sentence};
                          return Done{};
                      }},
            .bounds = {.chunk_bytes = 64 * 1024,
                       .connect_max = 1s,
                       .answer_max = 1s,
                       .hedge = 200ms,
                       .patience = patience}};
    }
    FetchResult fetch(const FileDigest& file, const std::vector<FileSource>& sources,
                      std::stop_token stop = {}) const {
        return fetch_file({.file = file, .sources = sources}, setting(), clock_now, stop);
    }
    bool holds(const std::string& bytes) const {
        const auto path = store.find(digest_of(bytes));
        if (!path) return false;
        std::ifstream in(*path, std::ios::binary);
        std::string there(std::istreambuf_iterator<char>(in), {});
        return there == bytes;
    }
    std::size_t files_in(const std::string& sub) const {
        std::size_t count = 0;
        std::error_code none;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator(root / sub, none))
            ++count;
        return count;
    }

    NodeId name;
    TemporaryFolder folder;
    std::filesystem::path root;
    ops::FileStore store;
    NodeKeys keys = make_node_keys();
    std::chrono::milliseconds patience = 5s;
    std::unique_ptr<FileServer> server;
};

inline FetchError error_of(const FetchResult& result) {
    REQUIRE_FALSE(result);
    INFO(result.error().sentence);
    CHECK_FALSE(result.error().sentence.empty());
    return result.error().error;
}

inline Fetched success_of(const FetchResult& result) {
    if (!result) FAIL(result.error().sentence);
    return *result;
}

inline bool await(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

}  // namespace ringrift::tests
