#include "ops/up.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "ops/daemon.hpp"
#include "ops/workload.hpp"

namespace ringrift::ops {

void set_up_logging(LogLevel level) {
    const auto logger = spdlog::stderr_color_mt("ringrift");
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    spdlog::set_default_logger(logger);
    spdlog::set_level(static_cast<spdlog::level::level_enum>(level));
    spdlog::flush_on(spdlog::level::info);
}

std::filesystem::path folder_of_this_program() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

bus::Result<Workload, Exit> workload_of(const Options& options) {
    const std::filesystem::path programs = folder_of_this_program();
    return load_workload(options.workload.empty() ? reference_workload(programs) : options.workload,
                         programs);
}

Exit run_up(const LoadedOptions& loaded) {
    set_up_logging(loaded.options.log_level);
    for (const std::string& warning : loaded.warnings) spdlog::warn("{}", warning);
    auto workload = workload_of(loaded.options);
    if (!workload) return workload.error();
    return run_daemon(loaded, std::move(*workload), {});
}

}  // namespace ringrift::ops
