#pragma once

// What every benchmark needs: a clock, the median of a few runs, the machine, and a table.
//
//     bench::Table table("the log");
//     table.add("encode", count, [&] { for (const auto& event : events) bench::keep(encode(event));
//     });
//
// Each row runs its body `runs` times and prints as soon as it can: the median of things per second
// with the slowest and the fastest run, and the median per second of processor time, which others
// on the same machine disturb less. Where a figure is asked for, the two medians follow as parts of
// it: 1.00 and more is what was asked. Sizes come from `bench::size(full, smoke)`: CI runs the
// small.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ringrift::bench {

inline constexpr int runs = 5;

inline bool is_smoke() {
    const char* asked = std::getenv("RINGRIFT_BENCH");
    return asked != nullptr && std::string_view(asked) == "smoke";
}

inline std::size_t size(std::size_t full, std::size_t smoke) {
    return is_smoke() ? smoke : full;
}

/// Keeps the compiler from leaving out what made `value`.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

struct Taken {
    double seconds = 0;
    double processor_seconds = 0;  ///< Of all threads of this process.
};

inline double processor_seconds() {
    timespec now = {};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Body>
Taken measure(const Body& body) {
    const double before = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    return {.seconds = taken.count(), .processor_seconds = processor_seconds() - before};
}

/// Of an odd number of values, the one in the middle; of an even number, the lower of the two.
inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

#ifdef __clang__
inline constexpr std::string_view compiler_name = "clang++ " __clang_version__;
#else
inline constexpr std::string_view compiler_name = "g++ " __VERSION__;
#endif

/// Model of the processor and number of cores, as /proc says, and what built this.
inline std::string machine() {
    std::ifstream file("/proc/cpuinfo");
    std::string model = "unknown processor";
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("model name")) continue;
        model = line.substr(line.find(':') + 2);
        break;
    }
    return model + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores, " +
           std::string(compiler_name);
}

class Table {
  public:
    explicit Table(std::string_view title) {
        std::printf("%.*s (%s%s; median of %d)\n", static_cast<int>(title.size()), title.data(),
                    machine().c_str(), is_smoke() ? "; smoke size" : "", runs);
        std::printf("| %-44s | %10s | %10s | %10s | %10s | %10s | %-18s |\n", "what", "per second",
                    "slowest", "fastest", "per CPU s", "asked", "ratio (per CPU s)");
        std::printf("| --- | ---: | ---: | ---: | ---: | ---: | :--- |\n");
    }

    /// Runs `body`, which does `count` things, `runs` times. `asked` is of things per second, 0
    /// where nothing is asked. Returns the median per second.
    template <class Body>
    double add(std::string_view what, std::size_t count, const Body& body, double asked = 0) {
        return add_prepared(
            what, count, [] { return 0; }, [&](int) { body(); }, asked);
    }

    /// The same, with what `prepare` returns made anew for each run, outside the measured time.
    template <class Prepare, class Body>
    double add_prepared(std::string_view what, std::size_t count, const Prepare& prepare,
                        const Body& body, double asked = 0) {
        std::vector<double> rates;
        std::vector<double> processor_rates;
        for (int i = 0; i < runs; ++i) {
            auto prepared = prepare();
            const Taken taken = measure([&] { body(prepared); });
            rates.push_back(static_cast<double>(count) / taken.seconds);
            processor_rates.push_back(static_cast<double>(count) / taken.processor_seconds);
        }
        const auto [slowest, fastest] = std::minmax_element(rates.begin(), rates.end());
        std::printf("| %-44.*s | %10.0f | %10.0f | %10.0f | %10.0f |",
                    static_cast<int>(what.size()), what.data(), median(rates), *slowest, *fastest,
                    median(processor_rates));
        if (asked > 0) {
            std::printf(" %10.0f | %5.2f %12s |\n", asked, median(rates) / asked,
                        in_brackets(median(processor_rates) / asked).c_str());
        } else {
            std::printf(" %10s | %18s |\n", "", "");
        }
        std::fflush(stdout);
        return median(rates);
    }

  private:
    static std::string in_brackets(double ratio) {
        char text[32] = {};
        std::snprintf(text, sizeof text, "(%.2f)", ratio);
        return text;
    }
};

}  // namespace ringrift::bench
