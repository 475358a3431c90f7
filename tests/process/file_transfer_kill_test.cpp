// Either end of a transfer is killed or frozen at any moment, as real processes: nothing torn is
// ever seen under a file's own name, and it ends in the same place.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <sstream>

#include "tests/transfer_site.hpp"

namespace ringrift::tests {
namespace {

/// Bytes, so that a file has many and a kill comes between two.
const std::string small_chunks = "65536";

/// A transfer_peer, ended by its pid when the test ends.
class Peer {
  public:
    explicit Peer(std::vector<std::string> words) {
        words.insert(words.begin(), RINGRIFT_BINARY_DIR "/tests/transfer_peer");
        int ends[2] = {};
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            std::vector<char*> raw;
            for (std::string& word : words) raw.push_back(word.data());
            raw.push_back(nullptr);
            ::execv(raw.front(), raw.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = UniqueFd(ends[0]);
    }
    ~Peer() { kill(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    void send(int signal) const { ::kill(pid_, signal); }
    void kill() {
        if (pid_ <= 0) return;
        send(SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    bool is_over() const {
        siginfo_t info = {};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        return info.si_pid == pid_;
    }
    std::string line() {
        std::string text;
        for (char letter = 0; text.find('\n') == std::string::npos;) {
            pollfd readable = {output_.get(), POLLIN, 0};
            if (::poll(&readable, 1, 60'000) != 1 || ::read(output_.get(), &letter, 1) != 1) break;
            text += letter;
        }
        return text;
    }
    /// Its exit code, once it has ended by itself.
    int exit_code() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t pid_ = -1;
    UniqueFd output_;
};

/// A site whose server is a process of its own.
struct RemoteSite : Site {
    RemoteSite(const std::string& named, const Site& fetcher, std::int64_t cap = 0)
        : Site(named), member(fetcher.keys.public_key), cap_text(std::to_string(cap)) {
        start("*");
    }
    void start(const std::string& port) {
        peer = std::make_unique<Peer>(std::vector<std::string>{
            "serve", root.string(), "tcp://127.0.0.1:" + port, cap_text, member.value});
        std::istringstream line(peer->line());
        std::string word;
        std::string told_key;
        line >> word >> endpoint >> told_key;
        key = {told_key};
        REQUIRE(word == "serving");
    }
    void restart() { start(endpoint.substr(endpoint.rfind(':') + 1)); }
    FileSource remote() const { return {.node = name, .server = {endpoint, key}}; }

    PublicKey member;
    std::string cap_text;
    std::unique_ptr<Peer> peer;
    std::string endpoint;
    PublicKey key;
};

void wait_a_random_while(std::mt19937& chance, int milliseconds_max) {
    ::poll(nullptr, 0, std::uniform_int_distribution(1, milliseconds_max)(chance));
}

std::string name_of_store_file(const Site& site, const std::string& bytes) {
    return site.store.path_of(digest_of(bytes)).string();
}

}  // namespace

TEST_CASE("a fetcher killed at any moment leaves nothing torn, and goes on from where it was") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string bytes = random_bytes(12'000'000, 1);
    alpha.has(bytes);
    alpha.serve({.bytes_per_second_max = 6'000'000});
    const auto beta_keys = load_node_keys(beta.root / "keys" / "node.key");
    REQUIRE(beta_keys);
    alpha.server->set_members({{beta_keys->public_key, beta.name}});
    const std::vector<std::string> words = {"fetch",
                                            beta.root.string(),
                                            digest_of(bytes).value,
                                            alpha.server->endpoint(),
                                            alpha.keys.public_key.value,
                                            small_chunks};
    std::mt19937 chance(static_cast<unsigned>(Catch::rngSeed()));
    int kills = 0;
    for (; kills < 12; ++kills) {
        Peer fetcher(words);
        wait_a_random_while(chance, 300);
        if (fetcher.is_over()) break;
        fetcher.kill();
        CHECK((!std::filesystem::exists(name_of_store_file(beta, bytes)) || beta.holds(bytes)));
    }
    Peer last(words);
    const std::string said = last.line();
    INFO(said);
    CHECK(last.exit_code() == 0);
    CHECK(beta.holds(bytes));
    CHECK(beta.files_in("incoming") == 0);
    CHECK(beta.files_in("quarantine") == 0);
    // What was under way or in memory at each kill: the window of 64 chunks at most.
    const std::int64_t again = alpha.server->counters().bytes - 12'000'000;
    CHECK(kills > 3);
    CHECK(again <= kills * 64 * 64 * 1024);
    CHECK(said.find("resumed 0") == std::string::npos);
}

TEST_CASE("a server killed and started again at any moment only delays a fetch") {
    Site beta("beta");
    beta.patience = 30s;
    RemoteSite alpha("alpha", beta, 6'000'000);
    const std::string bytes = random_bytes(12'000'000, 1);
    alpha.has(bytes);
    std::mt19937 chance(static_cast<unsigned>(Catch::rngSeed()));
    std::atomic<bool> is_done = false;
    int kills = 0;
    std::optional<FetchResult> result;
    std::jthread fetching([&] {
        result = beta.fetch(digest_of(bytes), {alpha.remote()});
        is_done = true;
    });
    while (!is_done && kills < 6) {
        wait_a_random_while(chance, 500);
        alpha.peer->kill();
        ++kills;
        wait_a_random_while(chance, 200);
        alpha.restart();
    }
    fetching.join();
    const Fetched fetched = success_of(*result);
    CHECK(kills > 1);
    CHECK(beta.holds(bytes));
    CHECK(fetched.bytes_from.at(alpha.name) == 12'000'000);  // No chunk was taken twice.
    CHECK(fetched.chunks_asked_again <= kills * 33);         // Two streams' credit.
    CHECK(beta.files_in("incoming") == 0);
}

TEST_CASE("a frozen source is an error in bounded time when it is the only one") {
    Site beta("beta");
    beta.patience = 3s;
    RemoteSite alpha("alpha", beta, 2'000'000);
    const std::string bytes = random_bytes(20'000'000, 1);
    alpha.has(bytes);
    std::jthread freezer([&] {
        ::poll(nullptr, 0, 500);
        alpha.peer->send(SIGSTOP);
    });
    const auto begin = std::chrono::steady_clock::now();
    CHECK(error_of(beta.fetch(digest_of(bytes), {alpha.remote()})) == FetchError::stalled);
    CHECK(std::chrono::steady_clock::now() - begin < 8s);
    CHECK(beta.files_in("incoming") == 1);
    freezer.join();
    alpha.peer->send(SIGCONT);
    alpha.peer->kill();
    alpha.cap_text = "0";
    alpha.restart();
    CHECK(success_of(beta.fetch(digest_of(bytes), {alpha.remote()})).bytes_resumed > 0);
    CHECK(beta.holds(bytes));
}

TEST_CASE("a frozen source holds nobody up while another has the file") {
    Site beta("beta");
    RemoteSite alpha("alpha", beta, 4'000'000);
    RemoteSite gamma("gamma", beta, 4'000'000);
    const std::string bytes = random_bytes(16'000'000, 1);
    alpha.has(bytes);
    gamma.has(bytes);
    std::jthread freezer([&] {
        ::poll(nullptr, 0, 500);
        alpha.peer->send(SIGSTOP);
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto fetched = success_of(beta.fetch(digest_of(bytes), {alpha.remote(), gamma.remote()}));
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    CHECK(beta.holds(bytes));
    CHECK(fetched.bytes_from.at(gamma.name) > 8'000'000);
    freezer.join();
    alpha.peer->send(SIGCONT);
}

TEST_CASE("a frozen fetcher keeps no other from being served") {
    Site alpha("alpha");
    Site beta("beta");
    Site gamma("gamma");
    const std::string bytes = random_bytes(30'000'000, 1);
    alpha.has(bytes);
    alpha.serve();
    const auto beta_keys = load_node_keys(beta.root / "keys" / "node.key");
    REQUIRE(beta_keys);
    alpha.server->set_members(
        {{beta_keys->public_key, beta.name}, {gamma.keys.public_key, gamma.name}});
    Peer frozen({"fetch", beta.root.string(), digest_of(bytes).value, alpha.server->endpoint(),
                 alpha.keys.public_key.value, small_chunks});
    CHECK(await([&] { return alpha.server->counters().chunks > 0; }));
    frozen.send(SIGSTOP);
    success_of(gamma.fetch(digest_of(bytes), {alpha.source()}));
    CHECK(gamma.holds(bytes));
    frozen.send(SIGCONT);
    frozen.line();
    CHECK(frozen.exit_code() == 0);
    CHECK(beta.holds(bytes));
}

TEST_CASE("a disk that is full is an error that says so, and there is no half file on it") {
    Site alpha("alpha");
    Site beta("beta");
    const std::string disk = beta.root.string();
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=8m") != 0) {
        std::cout << "SKIPPED a disk that is full: no file system can be mounted here\n";
        return;
    }
    const std::string small = random_bytes(3'000'000, 1);
    const std::string large = random_bytes(7'000'000, 2);
    for (const std::string& bytes : {small, large}) alpha.has(bytes);
    alpha.serve();
    alpha.lets_in({&beta});
    success_of(beta.fetch(digest_of(small), {alpha.source()}));
    const auto result = beta.fetch(digest_of(large), {alpha.source()});
    CHECK(error_of(result) == FetchError::disk_full);
    CHECK(result.error().sentence.find("free some space") != std::string::npos);
    CHECK_FALSE(beta.store.find(digest_of(large)));
    CHECK(beta.holds(small));
    std::filesystem::remove(beta.store.path_of(digest_of(small)));
    success_of(beta.fetch(digest_of(large), {alpha.source()}));
    CHECK(beta.holds(large));
    CHECK(::umount(disk.c_str()) == 0);
}

}  // namespace ringrift::tests
