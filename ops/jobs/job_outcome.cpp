#include "ops/jobs/job_outcome.hpp"

#include <signal.h>

#include <cstring>

#include "ops/jobs/bounded_log.hpp"
#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/job_folder.hpp"
#include "ops/jobs/leftovers.hpp"
#include "ops/jobs/process_table.hpp"
#include "ops/jobs/result_file.hpp"

namespace ringrift::ops {
namespace {

constexpr std::size_t supervisor_log_bytes_max = 64 * 1024;

using bus::FailureKind;
using consumers::JobFailure;
using Outcome = std::variant<consumers::JobSuccess, JobFailure, consumers::JobStopped>;

JobFailure failure(FailureKind kind, std::string reason) {
    return {.kind = kind, .reason = std::move(reason)};
}

JobFailure failure_of_signal(const JobExit& exit) {
    const char* name = ::sigabbrev_np(static_cast<int>(exit.signal));
    std::string reason = "the program was ended by signal " + std::to_string(exit.signal);
    if (name != nullptr) reason += std::string(" (SIG") + name + ")";
    if (exit.signal == SIGKILL) reason += ", perhaps because the machine ran out of memory";
    return failure(FailureKind::signal, reason);
}

Outcome judged_result(const std::filesystem::path& folder, const LaunchOrder& order,
                      const FileStore& store, std::stop_token stop) {
    const auto path = folder / "output" / "result.json";
    const auto text = read_small_file(path, result_bytes_max);
    std::error_code ignored;
    if (!text && !std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
        return failure(FailureKind::no_result, "the program ended with 0 and left no result.json");
    }
    if (!text) {
        return failure(FailureKind::bad_result, "result.json is no regular file of at most 1 MiB");
    }
    const auto type = work_type_of(order.type).value_or(bus::WorkType::selfplay);
    auto result = read_result(*text, type, {order.config});
    if (result) result = take_files(std::move(*result), folder / "output", store, stop);
    if (!result) return failure(result.error().kind, result.error().sentence);
    return consumers::JobSuccess{std::move(*result)};
}

Outcome judged_end(const JobExit& exit, const std::filesystem::path& folder,
                   const LaunchOrder& order, const FileStore& store, std::stop_token stop) {
    switch (exit.cause) {
        case EndCause::stopped: return consumers::JobStopped{};
        case EndCause::timeout: return failure(FailureKind::timeout, exit.sentence);
        case EndCause::memory_limit: return failure(FailureKind::memory_limit, exit.sentence);
        case EndCause::output_limit: return failure(FailureKind::output_limit, exit.sentence);
        case EndCause::spawn_failed: return failure(FailureKind::spawn_failed, exit.sentence);
        case EndCause::ended: break;
    }
    if (exit.signal != 0) return failure_of_signal(exit);
    if (exit.exit_code != 0) {
        return failure(FailureKind::exit_code,
                       "the program ended with exit code " + std::to_string(exit.exit_code));
    }
    return judged_result(folder, order, store, stop);
}

// What a program left is not synced to the disk (ops/jobs/job_folder.hpp), so that after a restart
// of the machine it may be less than it was: that is not the program's fault.
bool machine_restarted_since(const std::filesystem::path& folder) {
    const auto supervisor = read_supervisor(folder);
    return !supervisor || supervisor->boot != boot_name();
}

bool is_for_want_of_evidence(const Outcome& outcome) {
    const auto* failed = std::get_if<JobFailure>(&outcome);
    return failed != nullptr &&
           (failed->kind == FailureKind::no_result || failed->kind == FailureKind::bad_result);
}

Outcome lost(const std::filesystem::path& folder) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder / "supervisor", ignored)) {
        const auto log = read_small_file(folder / "supervisor.log", supervisor_log_bytes_max);
        return failure(FailureKind::spawn_failed,
                       "its supervisor could not start: " + utf8_tail(log.value_or(""), 1000));
    }
    const bool ended = end_leftovers(folder, read_supervisor(folder));
    std::string reason = "its supervisor ended without saying how the program did";
    if (!ended) reason += "; processes of it do not end, a person must look";
    return failure(FailureKind::lost, reason);
}

// Bytes of the UTF-8 character at the start of `text`; 0 when there is none.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;  // NUL is valid, but PostgreSQL does not take it.
    const std::size_t count = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < count) return 0;
    for (std::size_t at = 1; at < count; ++at) {
        if ((byte(at) & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
    const bool beyond = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
    return overlong || beyond ? 0 : count;
}

}  // namespace

std::string utf8_tail(std::string_view text, std::size_t bytes_max) {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    if (text.size() > bytes_max) text.remove_prefix(text.size() - bytes_max);
    std::string valid;
    while (!text.empty()) {
        const std::size_t count = character_bytes(text);
        valid += count > 0 ? text.substr(0, count) : replacement;
        text.remove_prefix(count > 0 ? count : 1);
    }
    while (valid.size() > bytes_max) valid.erase(0, character_bytes(valid));
    return valid;
}

consumers::JobEnded outcome_of(const std::filesystem::path& folder, const LaunchOrder& order,
                               const FileStore& store, std::stop_token stop) {
    consumers::JobEnded ended{.job = {{order.work}, order.fence},
                              .type = work_type_of(order.type).value_or(bus::WorkType::selfplay),
                              .config = {order.config}};
    const auto exit = read_exit(folder);
    if (exit) {
        ended.run = bus::Duration(exit->run_ms);
        ended.outcome = judged_end(*exit, folder, order, store, stop);
        if (is_for_want_of_evidence(ended.outcome) && machine_restarted_since(folder)) {
            ended.outcome = failure(
                FailureKind::lost,
                "the machine was restarted before the files of the job were safe on its disk");
        }
    } else {
        ended.outcome = lost(folder);
    }
    if (auto* failed = std::get_if<JobFailure>(&ended.outcome)) {
        if (exit) failed->exit_code = exit->exit_code;
        if (exit) failed->signal = exit->signal;
        failed->stderr_tail = utf8_tail(read_bounded_log(folder, "stderr"), stderr_tail_bytes_max);
    }
    return ended;
}

}  // namespace ringrift::ops
