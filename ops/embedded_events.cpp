#include "bus/sqlite_log.hpp"
#include "ops/event_access.hpp"

namespace ringrift::ops {
namespace {

Exit exit_of(const bus::OpenError& error) {
    const bool taken = error.why == bus::OpenError::Why::locked;
    if (taken) return {ExitCode::data_dir_taken, error.sentence + " with --data"};
    return {ExitCode::data_dir_unusable, error.sentence};
}

}  // namespace

bus::Result<EventAccess, Exit> open_embedded_events(const Options& options) {
    auto log = bus::SqliteLog::open((options.data_dir / "events.db").string(), options.cluster);
    if (!log) return exit_of(log.error());
    auto lines = (*log)->reader();
    if (!lines) return exit_of(lines.error());
    auto api = (*log)->reader();
    if (!api) return exit_of(api.error());
    EventAccess access = {.kind = "sqlite"};
    if (!options.postgres.empty()) {
        auto projector = (*log)->reader();
        if (!projector) return exit_of(projector.error());
        access.projector = std::move(*projector);
    }
    access.api = std::make_unique<http::SqliteSource>(**api);
    access.log = std::move(*log);
    access.lines = std::move(*lines);
    access.api_log = std::move(*api);
    return access;
}

}  // namespace ringrift::ops
