// The command of `ringrift on` as a real process: what it reads, how its end is told, and that it
// is ended when its time is up or we are told to stop.

#include "ops/on/event_command.hpp"

#include <fstream>

#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::ops;
using namespace ringrift::ops::on;
using namespace ringrift::tests;
using Kind = CommandOutcome::Kind;

namespace {

constexpr auto minute = std::chrono::minutes(1);

CommandOutcome run(
    const std::string& script, const std::string& line = "{}", bus::Duration time_max = minute,
    const std::function<bool()>& look = [] { return false; }) {
    return EventCommand({"sh", "-c", script}, time_max)
        .run(line, {{"RINGRIFT_EVENT_TYPE", "MODEL_PROMOTED"}, {"PATH", "/usr/bin:/bin"}}, look);
}

}  // namespace

TEST_CASE("the command reads the event as one line and finds its fields in the environment") {
    const TemporaryFolder folder;
    const std::string long_line = "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}";
    const CommandOutcome outcome =
        run("cat > " + (folder / "line") + "; env > " + (folder / "env"), long_line);
    CHECK(outcome.kind == Kind::done);
    CHECK(text_of(folder / "line") == long_line + "\n");
    CHECK(text_of(folder / "env").find("RINGRIFT_EVENT_TYPE=MODEL_PROMOTED\n") !=
          std::string::npos);
}

TEST_CASE("a command that does not read its input holds nobody up") {
    CHECK(run("true", std::string(1 << 20, 'x')).kind == Kind::done);
}

TEST_CASE("a failure is told with its code and the end of what was said about it") {
    const CommandOutcome outcome = run("seq 1 2000 >&2; echo the disk is full >&2; exit 3");
    CHECK(outcome.kind == Kind::failed);
    CHECK(outcome.why == "it ended with code 3");
    CHECK(outcome.output.size() <= output_kept_max);
    CHECK(outcome.output.ends_with("the disk is full\n"));
    CHECK(run("kill -SEGV $$").why.starts_with("it was ended by signal"));
}

TEST_CASE("a command that hangs is ended with all that it started when its time is up") {
    const TemporaryFolder folder;
    const CommandOutcome outcome =
        run("sleep 600 & echo $! > " + (folder / "child") + "; trap '' TERM; sleep 600", "{}",
            std::chrono::milliseconds(300));
    CHECK(outcome.kind == Kind::failed);
    CHECK(outcome.why == "its time of 300ms was up");
    const pid_t child = std::stoi(text_of(folder / "child"));
    CHECK(await(
        [&] {
            return kill(child, 0) != 0 ||
                   text_of("/proc/" + std::to_string(child) + "/stat").find(") Z ") !=
                       std::string::npos;
        },
        10s));
}

TEST_CASE("told to stop, a command that ends well all the same is done, another one is stopped") {
    const TemporaryFolder folder;
    const auto once_it_waits = [&] { return access((folder / "waits").c_str(), F_OK) == 0; };
    const std::string wait = "touch " + (folder / "waits") + "; sleep 600 & wait $!";
    CHECK(run("trap 'exit 0' TERM; " + wait, "{}", minute, once_it_waits).kind == Kind::done);
    std::filesystem::remove(folder / "waits");
    CHECK(run(wait, "{}", minute, once_it_waits).kind == Kind::stopped);
}

TEST_CASE("a program that is not there is no failure of the event") {
    const EventCommand command({"/no/such/program"}, minute);
    CHECK(command.problem() ==
          "the command '/no/such/program' cannot be found or may not be run; "
          "see PATH");
    CHECK(command.run("{}", {}, [] { return false; }).kind == Kind::cannot_start);
    const TemporaryFolder folder;
    std::ofstream(folder / "script") << "#!/no/such/interpreter\n";
    chmod((folder / "script").c_str(), 0755);
    const EventCommand broken({folder / "script"}, minute);
    CHECK(broken.problem().empty());
    CHECK(broken.run("{}", {}, [] { return false; }).kind == Kind::cannot_start);
}
