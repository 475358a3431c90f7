// The eyes: what is read from the kernel, from nvidia-smi and from the data directory, and how
// HostSampler writes it into HostView.

#include "ops/linux_host.hpp"

#include <fstream>
#include <thread>

#include "ops/file_scan.hpp"
#include "producers/host_sampler.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace std::chrono_literals;
using tests::TemporaryFolder;

namespace {

const bus::Time start = bus::Time(std::chrono::hours(24 * 365 * 50));
const std::string digest_a = "aa" + std::string(62, '1');
const std::string digest_b = "ab" + std::string(62, '2');

void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

/// A program that prints `output` after `seconds` and ends with `code`.
std::string program(const TemporaryFolder& folder, const std::string& output,
                    const std::string& seconds, int code) {
    const std::string path = folder / "smi";
    write(path, "#!/bin/sh\nsleep " + seconds + "\nprintf '" + output + "'\nexit " +
                    std::to_string(code) + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

/// Takes the scan when it is complete; gives up after 10 s.
std::vector<projections::FileHere> complete_scan(producers::Host& host) {
    host.begin_scan();
    for (int tries = 0; tries < 1000; ++tries) {
        if (auto files = host.take_scan()) return *files;
        std::this_thread::sleep_for(10ms);
    }
    FAIL("the scan did not end");
    return {};
}

class FakeHost final : public producers::Host {
  public:
    projections::HostSample sample(bus::Time now) override {
        ++samples;
        return {.at = now, .disk_free_bytes = free_bytes, .disk_total_bytes = 100LL << 30};
    }
    void begin_scan() override { ++scans; }
    std::optional<std::vector<projections::FileHere>> take_scan() override {
        return std::exchange(found, {});
    }
    producers::Machine machine() const override { return {}; }

    int samples = 0;
    int scans = 0;
    std::int64_t free_bytes = 50LL << 30;
    std::optional<std::vector<projections::FileHere>> found = {};
};

}  // namespace

// ---- the kernel's texts -------------------------------------------------------------------------

TEST_CASE("cpu load is the busy part of the ticks between two readings") {
    const auto before = ops::cpu_times("cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 2 3 4\n");
    CHECK(before == ops::CpuTimes{.busy = 200, .total = 1000});
    const auto after = ops::cpu_times("cpu  150 0 100 750 100 0 0 0 99 0\n");
    CHECK(ops::cpu_ppm(before, after) == 500'000);
    CHECK(ops::cpu_ppm(before, before) == 0);
    CHECK(ops::cpu_ppm(after, before) == 0);
}

TEST_CASE("memory in use is what is not available") {
    CHECK(ops::memory("MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:  500 kB\n") ==
          ops::Memory{.total_bytes = 2000 * 1024, .available_bytes = 500 * 1024});
}

TEST_CASE("texts that are not as expected give zeroes and no limits") {
    for (const char* text : {"", "\n", "garbage", "cpu x y", "MemTotal:"}) {
        CHECK(ops::cpu_times(text).total == 0);
        CHECK(ops::memory(text) == ops::Memory{});
        CHECK(ops::load1_milli(text) == 0);
        CHECK_FALSE(ops::group_bytes(text));
        CHECK_FALSE(ops::group_cpus(text));
    }
    CHECK(ops::load1_milli("0.52 0.58 0.59 1/389 12345\n") == 520);
}

TEST_CASE("a control group's limits are read, and max is none") {
    CHECK(ops::group_cpus("250000 100000\n") == 2);
    CHECK(ops::group_cpus("50000 100000\n") == 1);
    CHECK_FALSE(ops::group_cpus("max 100000\n"));
    CHECK(ops::group_bytes("1073741824\n") == 1073741824);
    CHECK_FALSE(ops::group_bytes("max\n"));
}

// ---- GPUs ---------------------------------------------------------------------------------------

TEST_CASE("GPUs are counted from what nvidia-smi prints") {
    CHECK(ops::gpus_from("100, 81559, NVIDIA H100 80GB HBM3\n50, 81559, NVIDIA H100 80GB HBM3\n") ==
          ops::Gpus{.count = 2,
                    .vram_bytes = 2 * (81559LL << 20),
                    .busy_ppm = 750'000,
                    .name = "NVIDIA H100 80GB HBM3"});
}

TEST_CASE("a GPU that does not say how busy it is counts, one that does not answer does not") {
    CHECK(ops::gpus_from("[N/A], 16384, Tesla T4\n").count == 1);
    CHECK(ops::gpus_from("Unable to determine the device handle for GPU 0000:01:00.0\n").count ==
          0);
    CHECK(ops::gpus_from("[Unknown Error], [Unknown Error], Tesla\n").count == 0);
}

TEST_CASE("a machine without the program has no GPUs") {
    CHECK(ops::ask_gpus("/nonexistent/nvidia-smi", 1s) == ops::Gpus{});
}

TEST_CASE("the program is asked, and believed only when it succeeds") {
    const TemporaryFolder folder;
    CHECK(ops::ask_gpus(program(folder, "7, 100, A\\n", "0", 0), 10s).count == 1);
    CHECK(ops::ask_gpus(program(folder, "7, 100, A\\n", "0", 9), 10s).count == 0);
}

TEST_CASE("a program that hangs is given up and ended") {
    const TemporaryFolder folder;
    const std::string slow = folder / "slow";
    write(slow, "#!/bin/sh\nsleep 1\ntouch " + (folder / "it-went-on") + "\n");
    std::filesystem::permissions(slow, std::filesystem::perms::owner_all);
    const auto begun = std::chrono::steady_clock::now();
    CHECK(ops::ask_gpus(slow, 100ms).count == 0);
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
    std::this_thread::sleep_for(1500ms);
    CHECK_FALSE(std::filesystem::exists(folder / "it-went-on"));
}

// ---- the data directory -------------------------------------------------------------------------

TEST_CASE("only files named by their digest, in their folder, are counted") {
    const TemporaryFolder folder;
    write(folder.path() / "files/aa" / digest_a, "12345");
    write(folder.path() / "files/ab" / digest_b, "1");
    write(folder.path() / "files/ab" / digest_a, "in the wrong folder");
    write(folder.path() / "files/aa" / (digest_a + ".part"), "not complete");
    write(folder.path() / "files/aa/notes.txt", "foreign");
    std::filesystem::create_directories(folder.path() / "files/aa" / ("aa" + std::string(62, '9')));
    std::filesystem::create_symlink("/etc/passwd",
                                    folder.path() / "files/aa" / ("aa" + std::string(62, '8')));
    ops::FileScan scan(folder.path() / "files");
    REQUIRE(scan.advance(100'000));
    const auto files = scan.take();
    REQUIRE(files.size() == 2);
    CHECK(files[0].file == bus::FileDigest{digest_a});
    CHECK(files[0].bytes == 5);
    CHECK(files[1].file == bus::FileDigest{digest_b});
}

TEST_CASE("a scan looks at a bounded number of entries at a time, and finds the same") {
    const TemporaryFolder folder;
    for (int n = 10; n < 60; ++n) {
        write(folder.path() / "files/aa" / ("aa" + std::string(60, '0') + std::to_string(n)), "x");
    }
    ops::FileScan scan(folder.path() / "files");
    int turns = 1;
    while (!scan.advance(7)) ++turns;
    CHECK(scan.take().size() == 50);
    CHECK(turns > 40);  // 255 empty folders and 50 entries, 7 at a time.
}

TEST_CASE("a data directory that is not there holds nothing") {
    ops::FileScan scan("/nonexistent/files");
    CHECK(scan.advance(1000));
    CHECK(scan.take().empty());
}

TEST_CASE("the host reads the data directory when asked, once for each time") {
    const TemporaryFolder folder;
    write(folder.path() / "files/aa" / digest_a, "12345");
    ops::LinuxHost host({.data_dir = folder.path(), .gpu_program = "/nonexistent"});
    CHECK_FALSE(host.take_scan());
    CHECK(complete_scan(host).size() == 1);
    CHECK_FALSE(host.take_scan());
    write(folder.path() / "files/ab" / digest_b, "1");
    CHECK(complete_scan(host).size() == 2);
}

// ---- the machine --------------------------------------------------------------------------------

TEST_CASE("the host sees this machine") {
    const TemporaryFolder folder;
    ops::LinuxHost host(
        {.data_dir = folder.path() / "not/made/yet", .gpu_program = "/nonexistent"});
    const auto sample = host.sample(start);
    CHECK(sample.at == start);
    CHECK(sample.memory_total_bytes > 0);
    CHECK(sample.memory_bytes > 0);
    CHECK(sample.memory_bytes < sample.memory_total_bytes);
    CHECK(sample.disk_total_bytes > sample.disk_free_bytes);
    CHECK(sample.cpu_ppm >= 0);
    CHECK(sample.cpu_ppm <= 1'000'000);
    const auto machine = host.machine();
    CHECK(machine.capacity.cpus >= 1);
    CHECK(machine.capacity.slots == machine.capacity.cpus);
    CHECK(machine.capacity.gpus == 0);
    CHECK(machine.capacity.memory_bytes == sample.memory_total_bytes);
}

TEST_CASE("a container's limits count, and configured slots are taken as they are") {
    const TemporaryFolder folder;
    write(folder.path() / "proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\n");
    write(folder.path() / "group/memory.max", "1073741824\n");
    write(folder.path() / "group/memory.current", "73741824\n");
    write(folder.path() / "group/cpu.max", "100000 100000\n");
    ops::LinuxHost host({.data_dir = folder.path(),
                         .slots = 7,
                         .gpu_program = program(folder, "30, 1000, Tesla T4\\n", "0", 0),
                         .proc = folder.path() / "proc",
                         .control_group = folder.path() / "group"});
    const auto machine = host.machine();
    CHECK(machine.capacity.cpus == 1);
    CHECK(machine.capacity.slots == 7);
    CHECK(machine.capacity.memory_bytes == 1073741824);
    CHECK(machine.capacity.gpus == 1);
    CHECK(machine.gpu_name == "Tesla T4");
    const auto sample = host.sample(start);
    CHECK(sample.memory_bytes == 73741824);
    CHECK(sample.gpu_ppm == 300'000);
}

// ---- HostSampler --------------------------------------------------------------------------------

TEST_CASE("the machine is sampled once a second and remembered every five minutes, for a day") {
    FakeHost host;
    producers::HostSampler sampler(host);
    projections::HostView view;
    for (bus::Duration after = 0s; after < 10s; after += 100ms)
        sampler.sense(view, 0, start + after);
    CHECK(host.samples == 10);
    CHECK(view.history.size() == 1);
    for (bus::Duration after = 0h; after < 30h; after += 1min)
        sampler.sense(view, 0, start + after);
    CHECK(view.history.size() == 288);
    CHECK(view.history.back().at - view.history.front().at == 287 * 5min);
}

TEST_CASE("a clock that is set back does not stop the sampling") {
    FakeHost host;
    producers::HostSampler sampler(host);
    projections::HostView view;
    sampler.sense(view, 0, start);
    sampler.sense(view, 0, start - 1h);
    CHECK(view.sample.at == start - 1h);
    CHECK(view.history.back().at == start - 1h);
    CHECK(view.heartbeats.at(view.self).at == start - 1h);
}

TEST_CASE("the disk is judged with its history") {
    FakeHost host;
    producers::HostSampler sampler(host);
    projections::HostView view;
    const auto state_at = [&](std::int64_t free_gib, bus::Duration after) {
        host.free_bytes = free_gib << 30;
        sampler.sense(view, 0, start + after);
        return view.disk.state;
    };
    CHECK(state_at(50, 0s) == projections::DiskState::ok);
    CHECK(state_at(5, 1s) == projections::DiskState::halted);
    CHECK(state_at(6, 2s) == projections::DiskState::halted);
    CHECK(state_at(50, 3s) == projections::DiskState::ok);
}

TEST_CASE("files are known as of the position that was folded when their scan began") {
    FakeHost host;
    producers::HostSampler sampler(host);
    projections::HostView view;
    sampler.sense(view, 7, start);
    CHECK(host.scans == 1);
    sampler.sense(view, 9, start + 1s);
    CHECK_FALSE(view.files_scanned);
    host.found = {{.file = {digest_a}, .bytes = 5}};
    sampler.sense(view, 12, start + 2s);
    CHECK(view.files_scanned);
    CHECK(view.files_as_of == 7);
    CHECK(view.files.size() == 1);
    sampler.sense(view, 12, start + 29s);
    CHECK(host.scans == 1);
    sampler.sense(view, 13, start + 30s);
    CHECK(host.scans == 2);
}

TEST_CASE("the own heartbeat names the jobs here, and since when there are none") {
    FakeHost host;
    producers::HostSampler sampler(host);
    projections::HostView view = {.self = {"n1"}};
    sampler.sense(view, 0, start);
    sampler.sense(view, 0, start + 5s);
    CHECK(view.heartbeats.at({"n1"}).at == start + 5s);
    CHECK(view.heartbeats.at({"n1"}).idle_since_at == start);
    view.jobs[7] = {.work = {"w1"}, .fence = 7};
    sampler.sense(view, 0, start + 6s);
    CHECK(view.heartbeats.at({"n1"}).fences == std::set<bus::Position>{7});
    CHECK_FALSE(view.heartbeats.at({"n1"}).idle_since_at);
    view.jobs.clear();
    sampler.sense(view, 0, start + 7s);
    CHECK(view.idle_since_at == start + 7s);
}
