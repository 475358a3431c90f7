// The contract of a Log, kept by the transports that need no server.

#include "tests/log_contract.hpp"
#include "bus/memory_log.hpp"
#include "bus/sqlite_log.hpp"

std::vector<ringrift::tests::Transport> ringrift::tests::transports() {
    return {
        {"memory", [](const auto&) { return std::make_unique<bus::MemoryLog>(); }},
        {"sqlite", [](const auto& folder) { return bus::SqliteLog::open(folder / "log").value(); }},
    };
}
