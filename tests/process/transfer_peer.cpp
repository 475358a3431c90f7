// One end of a file transfer as a process of its own, to be killed and stopped by tests.
//
//   transfer_peer serve DATA ENDPOINT BYTES_PER_SECOND MEMBER_KEY...
//       serves DATA/files, says `serving ENDPOINT KEY`, until it is killed
//   transfer_peer fetch DATA DIGEST ENDPOINT KEY [CHUNK_BYTES]
//       fetches into DATA, as a node does or in chunks of that size; says `fetched BYTES resumed
//       BYTES`, `fetched before`, or the failure; exit code 0 or 1

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bus/transfer/file_fetch.hpp"
#include "ops/jobs/file_store.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

const MonotonicClock clock_now = [] { return std::chrono::steady_clock::now(); };

NodeKeys keys_in(const std::filesystem::path& data) {
    const auto keys = load_node_keys(data / "keys" / "node.key");
    if (keys) return *keys;
    std::fprintf(stderr, "%s\n", keys.error().sentence.c_str());
    std::exit(1);
}

int serve(const std::vector<std::string>& words) {
    const ops::FileStore store(words[0]);
    const NodeKeys keys = keys_in(words[0]);
    auto server = FileServer::open(
        {.endpoint = words[1], .keys = keys, .bytes_per_second_max = std::atoll(words[2].c_str())},
        [&](const FileDigest& file) { return store.find(file); }, clock_now);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().sentence.c_str());
        return 1;
    }
    Members members;
    for (std::size_t at = 3; at < words.size(); ++at) members[{words[at]}] = {"fetcher"};
    (*server)->set_members(members);
    std::printf("serving %s %s\n", (*server)->endpoint().c_str(),
                std::string(keys.public_key.value).c_str());
    std::fflush(stdout);
    while (true) ::pause();
}

int fetch(const std::vector<std::string>& words) {
    const ops::FileStore store(words[0]);
    const std::filesystem::path data = words[0];
    if (store.find({words[1]})) {
        std::printf("fetched before\n");
        return 0;
    }
    FetchBounds bounds = {};
    if (words.size() > 4) bounds.chunk_bytes = std::atoll(words[4].c_str());
    const FetchSetting setting = {
        .keys = keys_in(data),
        .place = {.partial = data / "incoming",
                  .quarantine = data / "quarantine",
                  .keep = [&](int fd, const FileDigest& file) -> Result<Done, KeepProblem> {
                      const auto kept = store.keep(fd, file);
                      if (!kept) return KeepProblem{kept.error().sentence};
                      return Done{};
                  }},
        .bounds = bounds};
    const auto fetched = fetch_file(
        {.file = {words[1]}, .sources = {{.node = {"server"}, .server = {words[2], {words[3]}}}}},
        setting, clock_now, {});
    if (!fetched) {
        std::printf("%s\n", fetched.error().sentence.c_str());
        return 1;
    }
    std::printf("fetched %lld resumed %lld\n", static_cast<long long>(fetched->bytes),
                static_cast<long long>(fetched->bytes_resumed));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() >= 4 && words[0] == "serve") return serve({words.begin() + 1, words.end()});
    if ((words.size() == 5 || words.size() == 6) && words[0] == "fetch")
        return fetch({words.begin() + 1, words.end()});
    std::fprintf(stderr, "say serve or fetch, see the source\n");
    return 2;
}
