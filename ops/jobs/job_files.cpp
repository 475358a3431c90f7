#include "ops/jobs/job_files.hpp"

#include <array>
#include <charconv>

#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops {
namespace {

constexpr std::array<std::string_view, 6> cause_names = {
    "ended", "stopped", "timeout", "memory_limit", "output_limit", "spawn_failed"};
constexpr std::string_view hexadecimal = "0123456789ABCDEF";

std::string escaped(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        if (letter == '%' || letter == '=' || static_cast<unsigned char>(letter) < ' ') {
            const auto byte = static_cast<unsigned char>(letter);
            result += {'%', hexadecimal[byte >> 4], hexadecimal[byte & 15]};
        } else {
            result += letter;
        }
    }
    return result;
}

std::string plain(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%' || at + 2 >= text.size()) {
            result += text[at];
            continue;
        }
        const auto high = hexadecimal.find(text[at + 1]);
        const auto low = hexadecimal.find(text[at + 2]);
        result += static_cast<char>((high & 15) << 4 | (low & 15));
        at += 2;
    }
    return result;
}

class Lines {
  public:
    Lines& add(std::string_view key, std::string_view value) {
        text_ += escaped(key) + "=" + escaped(value) + "\n";
        return *this;
    }
    Lines& add(std::string_view key, std::int64_t value) { return add(key, std::to_string(value)); }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

using Values = std::multimap<std::string, std::string>;  // equal keys keep their order

std::optional<Values> read_values(const std::filesystem::path& path) {
    const auto text = read_small_file(path, job_file_bytes_max);
    if (!text) return {};
    Values values;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (end == rest.npos) return {};  // Cut short.
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        if (const auto equals = line.find('='); equals != line.npos) {
            values.emplace(plain(line.substr(0, equals)), plain(line.substr(equals + 1)));
        }
    }
    return values;
}

std::string text_of(const Values& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
}

template <class Number = std::int64_t>
Number number_of(const Values& values, const std::string& key) {
    const std::string text = text_of(values, key);
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::chrono::milliseconds duration_of(const Values& values, const std::string& key) {
    return std::chrono::milliseconds(number_of(values, key));
}

}  // namespace

std::string to_text(const ProcessIdentity& process) {
    return Lines()
        .add("pid", process.pid)
        .add("start_ticks", std::to_string(process.start_ticks))
        .add("boot", process.boot)
        .text();
}

std::string to_text(const LaunchOrder& order) {
    Lines lines;
    lines.add("work", order.work)
        .add("fence", std::to_string(order.fence))
        .add("type", order.type)
        .add("config", order.config)
        .add("working_folder", order.working_folder)
        .add("timeout_ms", order.timeout.count())
        .add("stop_grace_ms", order.stop_grace.count())
        .add("memory_bytes_max", order.memory_bytes_max)
        .add("output_bytes_max", order.output_bytes_max)
        .add("printed_bytes_max", order.printed_bytes_max)
        .add("disk_free_bytes_min", order.disk_free_bytes_min);
    for (const auto& argument : order.argv) lines.add("argv", argument);
    for (const auto& [name, value] : order.environment) lines.add("environment " + name, value);
    return lines.text();
}

std::string to_text(const JobStatus& status) {
    return Lines()
        .add("program_pid", status.program_pid)
        .add("printed_bytes", status.printed_bytes)
        .add("memory_bytes", status.memory_bytes)
        .add("said", status.said)
        .text();
}

std::string to_text(const JobExit& exit) {
    return Lines()
        .add("cause", cause_names[static_cast<std::size_t>(exit.cause)])
        .add("sentence", exit.sentence)
        .add("exit_code", exit.exit_code)
        .add("signal", exit.signal)
        .add("started_at_ms", exit.started_at_ms)
        .add("run_ms", exit.run_ms)
        .add("printed_bytes", exit.printed_bytes)
        .add("memory_peak_bytes", exit.memory_peak_bytes)
        .add("program_pid", exit.program_pid)
        .text();
}

std::optional<ProcessIdentity> read_supervisor(const std::filesystem::path& folder) {
    auto values = read_values(folder / "supervisor");
    if (!values) values = read_values(folder / "exit");
    if (!values || number_of(*values, "pid") <= 0) return {};
    return ProcessIdentity{.pid = number_of(*values, "pid"),
                           .start_ticks = number_of<std::uint64_t>(*values, "start_ticks"),
                           .boot = text_of(*values, "boot")};
}

std::optional<LaunchOrder> read_order(const std::filesystem::path& folder) {
    const auto values = read_values(folder / "order");
    if (!values) return {};
    LaunchOrder order{.work = text_of(*values, "work"),
                      .fence = number_of<std::uint64_t>(*values, "fence"),
                      .type = text_of(*values, "type"),
                      .config = text_of(*values, "config"),
                      .working_folder = text_of(*values, "working_folder"),
                      .timeout = duration_of(*values, "timeout_ms"),
                      .stop_grace = duration_of(*values, "stop_grace_ms"),
                      .memory_bytes_max = number_of(*values, "memory_bytes_max"),
                      .output_bytes_max = number_of(*values, "output_bytes_max"),
                      .printed_bytes_max = number_of(*values, "printed_bytes_max"),
                      .disk_free_bytes_min = number_of(*values, "disk_free_bytes_min")};
    constexpr std::string_view environment = "environment ";
    for (const auto& [key, value] : *values) {
        if (key == "argv") order.argv.push_back(value);
        if (key.starts_with(environment)) order.environment[key.substr(environment.size())] = value;
    }
    if (order.work.empty() || order.argv.empty()) return {};
    return order;
}

std::optional<JobStatus> read_status(const std::filesystem::path& folder) {
    const auto values = read_values(folder / "status");
    if (!values) return {};
    return JobStatus{.program_pid = number_of(*values, "program_pid"),
                     .printed_bytes = number_of(*values, "printed_bytes"),
                     .memory_bytes = number_of(*values, "memory_bytes"),
                     .said = text_of(*values, "said")};
}

std::optional<JobExit> read_exit(const std::filesystem::path& folder) {
    const auto values = read_values(folder / "exit");
    if (!values) return {};
    JobExit exit{.sentence = text_of(*values, "sentence"),
                 .exit_code = number_of(*values, "exit_code"),
                 .signal = number_of(*values, "signal"),
                 .started_at_ms = number_of(*values, "started_at_ms"),
                 .run_ms = number_of(*values, "run_ms"),
                 .printed_bytes = number_of(*values, "printed_bytes"),
                 .memory_peak_bytes = number_of(*values, "memory_peak_bytes"),
                 .program_pid = number_of(*values, "program_pid")};
    const std::string cause = text_of(*values, "cause");
    for (std::size_t index = 0; index < cause_names.size(); ++index) {
        if (cause != cause_names[index]) continue;
        exit.cause = static_cast<EndCause>(index);
        return exit;
    }
    return {};
}

}  // namespace ringrift::ops
