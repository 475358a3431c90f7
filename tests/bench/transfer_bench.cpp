// How fast files go from node to node, beside iperf3 and an rsync daemon in the same rounds.
//
// On loopback: `served` is what a server gives to a client that throws it away, as iperf3 does;
// `fetched` is the whole of it: written, hashed, fsynced (to memory, so that no disk is measured)
// and kept. CPU seconds are those of both ends; they vary least on a machine that does other things
// too. On a link shaped to 1 Gbit/s (two network namespaces, veth, tbf; needs root) both ends
// are processes of their own, as is rsync. Rounds go through all rows, so that what else the
// machine does hits all alike; ratios are medians of the rounds' ratios.

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <zmq.hpp>

#include "bus/transfer/connection_options.hpp"
#include "bus/transfer/file_fetch.hpp"
#include "ops/jobs/file_store.hpp"
#include "tests/bench/measure.hpp"

namespace ringrift {
namespace {

namespace fs = std::filesystem;
using namespace bus;

constexpr double mebi = 1024.0 * 1024.0;
const MonotonicClock clock_now = [] { return std::chrono::steady_clock::now(); };

int rounds() {
    return bench::is_smoke() ? 1 : bench::runs;
}

/// What a command says, or nothing when it fails.
std::string output_of(const std::string& command) {
    FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) return "";
    std::string text;
    for (char part[4096]; const std::size_t got = std::fread(part, 1, sizeof part, pipe);)
        text.append(part, got);
    return ::pclose(pipe) == 0 ? text : "";
}

bool runs_well(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

/// Ended by its pid.
class Background {
  public:
    explicit Background(const std::string& command) {
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::execl("/bin/sh", "sh", "-c", ("exec " + command + " >/dev/null 2>&1").c_str(), nullptr);
        ::_exit(127);
    }
    ~Background() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

  private:
    pid_t pid_;
};

/// MiB a second as iperf3 itself says; 0 when it is not installed.
double iperf3(const std::string& client, const std::string& server, const std::string& address,
              std::size_t mebibytes) {
    const std::string port = std::to_string(20'000 + ::getpid() % 20'000);
    const Background listening(server + "iperf3 -s -1 -p " + port);
    for (int tries = 0; tries < 50; ++tries) {
        const std::string said = output_of(client + "iperf3 -J -c " + address + " -p " + port +
                                           " -n " + std::to_string(mebibytes) + "M");
        const std::size_t sum = said.find("\"sum_received\"");
        const std::string field = "\"bits_per_second\":";
        const std::size_t at = said.find(field, sum == std::string::npos ? said.size() : sum);
        if (at != std::string::npos) return std::atof(said.c_str() + at + field.size()) / 8 / mebi;
        ::usleep(20'000);
    }
    return 0;
}

/// Of this process and of all its children that have ended.
double processor_seconds() {
    double seconds = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage = {};
        ::getrusage(who, &usage);
        for (const timeval& time : {usage.ru_utime, usage.ru_stime})
            seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
    return seconds;
}

class Rates {
  public:
    explicit Rates(std::size_t mebibytes) : mebibytes_(mebibytes) {}

    /// `body` moves the file and yields MiB a second.
    void add(const std::string& row, const std::function<double()>& body) {
        if (!rates_.contains(row)) order_.push_back(row);
        const double before = processor_seconds();
        rates_[row].push_back(body());
        seconds_[row].push_back((processor_seconds() - before) * 1024 /
                                static_cast<double>(mebibytes_));
    }
    /// Each row's median, and its ratio to what it is measured against.
    void print(const std::string& title, const std::string& against) const {
        std::printf("%s (%s%s; median of %d rounds)\n", title.c_str(), bench::machine().c_str(),
                    bench::is_smoke() ? "; smoke size" : "", rounds());
        std::printf("| %-36s | %8s | %8s | %8s | %10s | %9s |\n", "", "MiB/s", "slowest", "fastest",
                    ("/ " + against).c_str(), "CPU s/GiB");
        std::printf("| --- | ---: | ---: | ---: | ---: | ---: |\n");
        for (const std::string& row : order_) {
            const auto& all = rates_.at(row);
            std::vector<double> ratios;
            for (std::size_t n = 0; n < all.size(); ++n)
                ratios.push_back(all[n] / rates_.at(against).at(n));
            const auto [low, high] = std::minmax_element(all.begin(), all.end());
            std::printf("| %-36s | %8.0f | %8.0f | %8.0f | %10.2f | %9.2f |\n", row.c_str(),
                        bench::median(all), *low, *high, bench::median(ratios),
                        bench::median(seconds_.at(row)));
        }
    }

  private:
    const std::size_t mebibytes_;
    std::vector<std::string> order_;
    std::map<std::string, std::vector<double>> rates_;
    std::map<std::string, std::vector<double>> seconds_;  ///< Both ends, for 1 GiB.
};

/// A folder in memory, gone when the bench ends.
struct MemoryFolder {
    MemoryFolder() : path("/dev/shm/ringrift-transfer-bench-" + std::to_string(::getpid())) {
        fs::create_directories(path);
    }
    ~MemoryFolder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

FileDigest write_file(const fs::path& data, std::size_t mebibytes) {
    std::mt19937_64 random(1);
    std::string part(1 << 20, '\0');
    Sha256 sum;
    const fs::path temporary = data / "new";
    fs::create_directories(data);
    std::ofstream out(temporary, std::ios::binary);
    for (std::size_t n = 0; n < mebibytes; ++n) {
        for (std::size_t at = 0; at < part.size(); at += 8) {
            const std::uint64_t word = random();
            std::memcpy(part.data() + at, &word, 8);
        }
        sum.add(part.data(), part.size());
        out << part;
    }
    out.close();
    const FileDigest file = sum.finish();
    const fs::path path = ops::FileStore(data).path_of(file);
    fs::create_directories(path.parent_path());
    fs::rename(temporary, path);
    return file;
}

/// Asks for the whole file with the credit of a fetch, and throws away what comes.
void discard(const ServerAddress& server, const NodeKeys& keys, const FileDigest& file,
             std::size_t mebibytes) {
    constexpr std::int64_t chunk = FetchBounds().chunk_bytes;
    constexpr std::size_t credit = FetchBounds().credit;
    zmq::context_t context;
    zmq::socket_t dealer(context, zmq::socket_type::dealer);
    set_for_client(dealer, keys, server);
    dealer.connect(server.endpoint);
    const std::int64_t bytes = static_cast<std::int64_t>(mebibytes) << 20;
    std::int64_t asked = 0;
    const auto ask = [&] {
        if (asked >= bytes) return;
        const std::string frame =
            encode_frame({.kind = FrameKind::pull, .offset = asked, .length = chunk, .file = file});
        dealer.send(zmq::buffer(frame), zmq::send_flags::none);
        asked += chunk;
    };
    for (std::size_t n = 0; n < credit; ++n) ask();
    for (std::int64_t came = 0; came < bytes;) {
        zmq::message_t part;
        if (!dealer.recv(part)) continue;
        if (part.more()) continue;
        if (part.size() > header_bytes) came += static_cast<std::int64_t>(part.size());
        ask();
    }
}

class Loopback {
  public:
    explicit Loopback(std::size_t mebibytes)
        : mebibytes_(mebibytes),
          source_(folder_.path / "source"),
          target_(folder_.path / "target"),
          file_(write_file(folder_.path / "source", mebibytes)) {}

    void measure() {
        Rates rates(mebibytes_);
        for (int round = 0; round < rounds(); ++round) {
            rates.add("iperf3",
                      [&] { return std::max(1.0, iperf3("", "", "127.0.0.1", mebibytes_)); });
            for (const bool with_curve : {false, true}) {
                const std::string how = with_curve ? " with CURVE" : " in clear";
                rates.add("served" + how,
                          [&] { return rate_of([&] { serve(with_curve, true); }); });
                rates.add("fetched" + how,
                          [&] { return rate_of([&] { serve(with_curve, false); }); });
            }
            rates.add("SHA-256 alone", [&] { return rate_of([&] { hash(); }); });
        }
        rates.print("files on loopback", "iperf3");
    }

  private:
    double rate_of(const std::function<void()>& body) {
        const auto taken = bench::measure(body);
        return static_cast<double>(mebibytes_) / taken.seconds;
    }

    void serve(bool with_curve, bool discarding) {
        const NodeKeys server_keys = with_curve ? make_node_keys() : NodeKeys{};
        const NodeKeys own_keys = make_node_keys();
        auto server = FileServer::open(
            {.endpoint = "tcp://127.0.0.1:*", .keys = server_keys},
            [&](const FileDigest& file) { return source_.find(file); }, clock_now);
        RINGRIFT_CHECK(server.ok());
        (*server)->set_members({{own_keys.public_key, {"bench"}}});
        const ServerAddress address = {(*server)->endpoint(), server_keys.public_key};
        if (discarding) return discard(address, own_keys, file_, mebibytes_);
        const FetchSetting setting = {
            .keys = own_keys,
            .place = {.partial = folder_.path / "target" / "incoming",
                      .quarantine = folder_.path / "target" / "quarantine",
                      .keep = [&](int fd, const FileDigest& file) -> Result<Done, KeepProblem> {
                          const auto kept = target_.keep(fd, file);
                          if (!kept) return KeepProblem{kept.error().sentence};
                          return Done{};
                      }}};
        const auto fetched =
            fetch_file({.file = file_, .sources = {{.node = {"server"}, .server = address}}},
                       setting, clock_now, {});
        RINGRIFT_CHECK(fetched.ok());
        fs::remove(target_.path_of(file_));
    }

    void hash() {
        std::ifstream in(source_.path_of(file_), std::ios::binary);
        std::string part(1 << 20, '\0');
        Sha256 sum;
        while (in.read(part.data(), static_cast<std::streamsize>(part.size())))
            sum.add(part.data(), part.size());
        RINGRIFT_CHECK(sum.finish() == file_);
    }

    const std::size_t mebibytes_;
    MemoryFolder folder_;
    ops::FileStore source_;
    ops::FileStore target_;
    FileDigest file_;
};

/// Two namespaces with a link of 1 Gbit/s each way between them.
class ShapedLink {
  public:
    ShapedLink() : number_(std::to_string(::getpid())) {
        const std::string a = "rr-a-" + number_;
        const std::string b = "rr-b-" + number_;
        const std::string shape = " root tbf rate 1gbit burst 640kb latency 20ms";
        works_ = runs_well("ip netns add " + a) && runs_well("ip netns add " + b) &&
                 runs_well("ip link add va" + number_ + " netns " + a + " type veth peer name vb" +
                           number_ + " netns " + b) &&
                 runs_well("ip -n " + a + " addr add 10.213.7.1/24 dev va" + number_) &&
                 runs_well("ip -n " + b + " addr add 10.213.7.2/24 dev vb" + number_) &&
                 runs_well("ip -n " + a + " link set va" + number_ + " up") &&
                 runs_well("ip -n " + b + " link set vb" + number_ + " up") &&
                 runs_well("tc -n " + a + " qdisc add dev va" + number_ + shape) &&
                 runs_well("tc -n " + b + " qdisc add dev vb" + number_ + shape);
    }
    ~ShapedLink() {
        runs_well("ip netns del rr-a-" + number_);
        runs_well("ip netns del rr-b-" + number_);
    }
    ShapedLink(const ShapedLink&) = delete;
    ShapedLink& operator=(const ShapedLink&) = delete;

    bool works() const { return works_; }
    std::string server() const { return "ip netns exec rr-a-" + number_ + " "; }
    std::string client() const { return "ip netns exec rr-b-" + number_ + " "; }

  private:
    std::string number_;
    bool works_ = false;
};

bool await(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 250; ++tries, ::usleep(20'000)) {
        if (holds()) return true;
    }
    return false;
}

void measure_link(std::size_t mebibytes) {
    const ShapedLink link;
    if (!link.works()) {
        std::printf("SKIPPED the link of 1 Gbit/s: no network namespaces or no tbf here\n");
        return;
    }
    const MemoryFolder folder;
    const FileDigest file = write_file(folder.path / "source", mebibytes);
    const std::string path = ops::FileStore(folder.path / "source").path_of(file);
    const std::string peer = RINGRIFT_BINARY_DIR "/tests/transfer_peer ";
    const std::string target = folder.path / "target";
    const auto server_keys = load_node_keys(folder.path / "source" / "keys" / "node.key");
    const auto own_keys = load_node_keys(folder.path / "target" / "keys" / "node.key");
    RINGRIFT_CHECK(server_keys.ok() && own_keys.ok());
    // Keys may contain any printable character.
    const auto quoted = [](const std::string& text) { return "'" + text + "'"; };
    const Background serving(link.server() + peer + "serve " + (folder.path / "source").string() +
                             " tcp://10.213.7.1:8771 0 " + quoted(own_keys->public_key.value));
    std::ofstream(folder.path / "rsyncd.conf")
        << "use chroot = no\n[files]\npath = " << fs::path(path).parent_path().string() << '\n';
    const Background rsyncd(link.server() + "rsync --daemon --no-detach --port 8730 --config " +
                            (folder.path / "rsyncd.conf").string());
    const std::string fetch = link.client() + peer + "fetch " + target + " " + file.value +
                              " tcp://10.213.7.1:8771 " + quoted(server_keys->public_key.value);
    const std::string copy = link.client() + "rsync -W rsync://10.213.7.1:8730/files/" +
                             file.value + " " + target + "/copy";
    const bool has_rsync =
        await([&] { return runs_well(link.client() + "rsync rsync://10.213.7.1:8730/"); });
    Rates rates(mebibytes);
    const auto rate_of = [&](const std::string& command, const fs::path& result) {
        bool went_well = true;
        const auto taken = bench::measure([&] { went_well = runs_well(command); });
        if (!went_well) std::printf("FAILED: %s\n", command.c_str());
        fs::remove(result);
        return went_well ? static_cast<double>(mebibytes) / taken.seconds : 0;
    };
    for (int round = 0; round < rounds(); ++round) {
        rates.add("the link", [] { return 1e9 / 8 / mebi; });
        rates.add("iperf3",
                  [&] { return iperf3(link.client(), link.server(), "10.213.7.1 -R", mebibytes); });
        rates.add("fetched with CURVE",
                  [&] { return rate_of(fetch, ops::FileStore(target).path_of(file)); });
        if (!has_rsync) continue;
        rates.add("rsync daemon, in clear, no fsync",
                  [&] { return rate_of(copy, target + "/copy"); });
    }
    rates.print("files over a link of 1 Gbit/s", "the link");
}

}  // namespace
}  // namespace ringrift

int main() {
    using namespace ringrift;
    Loopback(bench::size(512, 16)).measure();
    measure_link(bench::size(1024, 4));
}
