// The small parts of a job's folder: what daemon and supervisor write to each other, and what is
// kept of what a program prints.

#include "ops/jobs/job_files.hpp"

#include <fstream>

#include "ops/jobs/bounded_log.hpp"
#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/job_environment.hpp"
#include "ops/jobs/job_folder.hpp"
#include "ops/jobs/job_limits.hpp"
#include "ops/jobs/job_outcome.hpp"
#include "ops/jobs/progress_lines.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::ops {

TEST_CASE("an order is read as it was written, whatever bytes are in it") {
    const tests::TemporaryFolder folder;
    const LaunchOrder order{.work = "w=1\n%41",
                            .fence = 18'446'744'073'709'551'615ULL,
                            .type = "export",
                            .config = "hex5_2p",
                            .argv = {"program", "", "a b", "x\ny=\t\x01%", "\xC3\xA4"},
                            .environment = {{"A", "1"}, {"B C", "=\n="}},
                            .working_folder = "/some where",
                            .timeout = std::chrono::milliseconds(7),
                            .stop_grace = std::chrono::milliseconds(8),
                            .memory_bytes_max = 9,
                            .output_bytes_max = 10,
                            .printed_bytes_max = 11,
                            .disk_free_bytes_min = 12};
    REQUIRE(write_durably(folder.path() / "order", to_text(order)));
    CHECK(read_order(folder.path()) == order);
}

TEST_CASE("an exit is read as it was written, and a torn one is none") {
    const tests::TemporaryFolder folder;
    const JobExit exit{EndCause::memory_limit, "it took\ntoo much", 1, 9, 1000, 20, 30, 40, 50};
    const std::string text = to_text(exit);
    REQUIRE(write_durably(folder.path() / "exit", text));
    CHECK(read_exit(folder.path()) == exit);
    REQUIRE(write_durably(folder.path() / "exit", text.substr(0, text.size() - 1)));
    CHECK_FALSE(read_exit(folder.path()));
    REQUIRE(write_durably(folder.path() / "exit", "cause=of a newer version\n"));
    CHECK_FALSE(read_exit(folder.path()));
}

TEST_CASE("each job has its own folder name, whatever its id") {
    const auto name = [](const std::string& work, bus::Position fence) {
        return folder_name({{work}, fence});
    };
    CHECK(name("export-hex5_2p-812", 7) == "export-hex5_2p-812@7");
    CHECK(name("../x", 7) == "%2E.%2Fx@7");
    CHECK(name("a@1", 2) != name("a", 1) + "@2");
    const std::string long_id(199, '/');
    CHECK(name(long_id + "a", 1) != name(long_id + "b", 1));
    CHECK(name(long_id + "a", 1).size() < 240);
}

TEST_CASE("of what a program prints the beginning and the end are kept") {
    const tests::TemporaryFolder folder;
    BoundedLog log(folder.path(), "stdout");
    log.write("beginning\n");
    CHECK(read_bounded_log(folder.path(), "stdout") == "beginning\n");
    for (int count = 0; count < 70; ++count) log.write(std::string(64 * 1024, 'x'));
    log.write("end\n");
    const std::string kept = read_bounded_log(folder.path(), "stdout");
    CHECK(kept.starts_with("beginning\nxxx"));
    CHECK(kept.ends_with("xxxend\n"));
    CHECK(kept.size() > log_tail_bytes_max);
    CHECK(kept.size() < log_tail_bytes_max + log_head_bytes_max + 100);
}

TEST_CASE("the last line of progress is found, however the pipe cuts it") {
    const std::string printed =
        "start\n{\"loss\":1}\n  {\"progress\":0.1}\n{\"progress\":0.2,\"note\":\"{\"}\nx{\n" +
        ("{" + std::string(5000, ' ') + "\"progress\":0.3}\n") +
        "end {\"progress\":0.4}\n{\"progress\"";
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{2}, std::size_t{7}, printed.size()}) {
        ProgressLines lines;
        for (std::size_t at = 0; at < printed.size(); at += step) {
            lines.feed(std::string_view(printed).substr(at, step));
        }
        CHECK(lines.said() == "{\"progress\":0.2,\"note\":\"{\"}");
        lines.feed(":0.5}\n");
        CHECK(lines.said() == "{\"progress\":0.5}");
    }
}

TEST_CASE("the tail of standard error is valid UTF-8 and bounded") {
    CHECK(utf8_tail("all", 10) == "all");
    CHECK(utf8_tail("0123456789", 4) == "6789");
    CHECK(utf8_tail("x\xC3\xA4", 2) == "\xC3\xA4");
    CHECK(utf8_tail("a\xFF"
                    "b",
                    10) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(utf8_tail(std::string("a\0b", 3), 10) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(utf8_tail("\xED\xA0\x80", 9) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(utf8_tail(std::string(5000, '\xFF'), 4096).size() <= 4096);
}

TEST_CASE("jobs inherit what programs need and none of the daemon's own") {
    const Environment kept = inheritable({{"PATH", "/bin"},
                                          {"CUDA_VISIBLE_DEVICES", "0"},
                                          {"PROXY", "http://proxy:3128/"},
                                          {"RINGRIFT_JOIN_TOKEN", "s"},
                                          {"ringrift_lower", "s"},
                                          {"NATS_CREDS", "s"},
                                          {"PGHOST", "s"},
                                          {"NOTIFY_SOCKET", "s"},
                                          {"HF_TOKEN", "s"},
                                          {"DB", "postgresql://me:s@host/db"}});
    CHECK(kept == Environment{{"PATH", "/bin"},
                              {"CUDA_VISIBLE_DEVICES", "0"},
                              {"PROXY", "http://proxy:3128/"}});
}

TEST_CASE("a limit of 0 is no limit, and what is not known breaks none") {
    JobUse much{std::chrono::hours(1000), 1LL << 50, 1LL << 50, 1LL << 50, 0};
    CHECK_FALSE(exceeded({}, much));
    CHECK_FALSE(exceeded({.memory_bytes_max = 1, .disk_free_bytes_min = 1}, JobUse{}));
    CHECK(exceeded({.timeout = std::chrono::hours(1)}, much)->cause == EndCause::timeout);
    CHECK(exceeded({.disk_free_bytes_min = 1}, much)->cause == EndCause::output_limit);
}

}  // namespace ringrift::ops
