#include "ops/proc_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace ringrift::ops {
namespace {

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> found;
    constexpr std::string_view blank = " \t\n";
    while (true) {
        const auto from = text.find_first_not_of(blank);
        if (from == text.npos) return found;
        text.remove_prefix(from);
        const auto to = std::min(text.find_first_of(blank), text.size());
        found.push_back(text.substr(0, to));
        text.remove_prefix(to);
    }
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

}  // namespace

CpuTimes cpu_times(std::string_view proc_stat) {
    // cpu user nice system idle iowait irq softirq steal guest guest_nice; guests are in user.
    const auto fields = words(first_line(proc_stat));
    constexpr std::size_t idle = 4;
    constexpr std::size_t iowait = 5;
    constexpr std::size_t end = 9;
    CpuTimes times;
    if (fields.empty() || fields.front() != "cpu") return times;
    for (std::size_t i = 1; i < std::min(end, fields.size()); ++i) {
        const std::int64_t ticks = number<std::int64_t>(fields[i]).value_or(0);
        times.total += ticks;
        if (i != idle && i != iowait) times.busy += ticks;
    }
    return times;
}

std::int64_t cpu_ppm(const CpuTimes& before, const CpuTimes& after) {
    const std::int64_t total = after.total - before.total;
    if (total <= 0) return 0;
    const std::int64_t busy = std::clamp<std::int64_t>(after.busy - before.busy, 0, total);
    return static_cast<std::int64_t>(static_cast<double>(busy) * 1e6 / static_cast<double>(total));
}

std::int64_t load1_milli(std::string_view proc_loadavg) {
    const auto fields = words(first_line(proc_loadavg));
    const auto load = fields.empty() ? std::nullopt : number<double>(fields.front());
    return load ? std::llround(*load * 1e3) : 0;
}

Memory memory(std::string_view proc_meminfo) {
    Memory found;
    while (!proc_meminfo.empty()) {
        const std::string_view line = first_line(proc_meminfo);
        proc_meminfo.remove_prefix(std::min(line.size() + 1, proc_meminfo.size()));
        const auto fields = words(line);
        if (fields.size() < 2) continue;
        const std::int64_t bytes = number<std::int64_t>(fields[1]).value_or(0) * 1024;
        if (fields[0] == "MemTotal:") found.total_bytes = bytes;
        if (fields[0] == "MemAvailable:") found.available_bytes = bytes;
    }
    return found;
}

std::optional<std::int64_t> group_bytes(std::string_view text) {
    return number<std::int64_t>(first_line(text));
}

std::optional<std::int64_t> group_cpus(std::string_view cpu_max) {
    const auto fields = words(first_line(cpu_max));
    if (fields.size() != 2) return {};
    const auto quota = number<std::int64_t>(fields[0]);
    const auto every = number<std::int64_t>(fields[1]);
    if (!quota || !every || *every <= 0) return {};
    return std::max<std::int64_t>(1, *quota / *every);
}

}  // namespace ringrift::ops
