#include "ops/project.hpp"

#include <fmt/format.h>

#include <memory>

#include "bus/nats_log.hpp"
#include "bus/sqlite_reader.hpp"
#include "ops/join.hpp"
#include "ops/projector.hpp"
#include "ops/stop_signals.hpp"
#include "ops/system_clock.hpp"
#include "ops/up.hpp"
#include "projections/migrations.hpp"
#include "projections/snapshot.hpp"
#include "projections/sqlite_store.hpp"

namespace ringrift::ops {
namespace {

using Why = projections::PostgresTrouble::Why;

constexpr bus::Duration connect_max = std::chrono::seconds(30);

std::optional<Exit> problem_of(const Options& options) {
    if (!options.postgres.empty()) return {};
    return Exit{ExitCode::usage,
                "say which database with --postgres postgresql://user@host:5432/database, or with "
                "RINGRIFT_POSTGRES_URL"};
}

projections::PostgresAddress address_in(const Options& options) {
    return {.url = options.postgres, .schema = options.postgres_schema};
}

/// The node's own snapshot of the folder, a shortcut; empty if there is none of use.
Projector::Start snapshot_in(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "state.db";
    if (!std::filesystem::exists(file)) return {};
    auto store = projections::SqliteStore::open(file.string());
    if (!store) return {};
    const auto text = (*store)->get("snapshot");
    if (!text || !*text) return {};
    return projections::from_snapshot(**text).value_or(Projector::Start{});
}

/// The log to be written, and what it needs.
struct OpenLog {
    std::unique_ptr<bus::NewsBoard> news = {};
    std::unique_ptr<bus::NatsConnection> connection = {};
    std::unique_ptr<bus::Log> log = {};
    std::string cluster = {};
    Projector::Start start = {};
};

bool is_of_a_cluster(const Options& options) {
    return !options.nats.empty() || !options.peers.empty() || remembers_cluster(options.data_dir);
}

bus::Result<OpenLog, Exit> open_cluster_log(const Options& options) {
    auto place = find_log(options, "project", cli::call, wall_clock);
    if (!place) return place.error();
    OpenLog open = {.cluster = place->cluster};
    open.connection = std::make_unique<bus::NatsConnection>(place->nats);
    auto log = std::make_unique<bus::NatsLog>(
        *open.connection,
        bus::NatsLogSettings{.stream = {.cluster = place->cluster, .may_create = false}});
    if (!log->wait_ready(connect_max)) return Exit{ExitCode::log_unusable, log->health().sentence};
    open.log = std::move(log);
    return open;
}

bus::Result<OpenLog, Exit> open_embedded_log(const Options& options) {
    const std::filesystem::path file = options.data_dir / "events.db";
    if (!std::filesystem::exists(file)) {
        return Exit{ExitCode::data_dir_unusable,
                    "there is no log in " + options.data_dir.string() +
                        "; name the folder that was given to 'ringrift up --data', or a cluster's "
                        "NATS with --nats, --peers or the folder of one of its nodes"};
    }
    OpenLog open = {.news = std::make_unique<bus::NewsBoard>(),
                    .cluster = options.cluster,
                    .start = snapshot_in(options.data_dir)};
    auto log = bus::SqliteReader::open(file.string(), *open.news);
    if (!log) return Exit{ExitCode::data_dir_unusable, log.error().sentence};
    open.log = std::move(*log);
    return open;
}

void tell(const ProjectorPulse& pulse, std::ostream& out) {
    out << fmt::format("projected {} events into {}: position {} of {}, {} rows, {} portions\n",
                       pulse.events, pulse.address, pulse.position, pulse.log_last, pulse.rows,
                       pulse.portions);
}

}  // namespace

Exit exit_of(const projections::PostgresTrouble& trouble) {
    const bool may_pass = trouble.why == Why::unavailable || trouble.why == Why::moved;
    return {may_pass ? ExitCode::postgres_unreachable : ExitCode::postgres_refuses,
            trouble.sentence};
}

Exit run_migrate(const LoadedOptions& loaded, bool only_list, std::ostream& out) {
    const Options& options = loaded.options;
    if (auto problem = problem_of(options)) return *problem;
    const auto address = address_in(options);
    const auto postgres = projections::Postgres::open(address);
    if (!postgres) return exit_of(postgres.error());
    const auto how = only_list ? projections::MigrateHow::list : projections::MigrateHow::apply;
    const auto states = projections::migrate(**postgres, address, program_version, how);
    if (!states) return exit_of(states.error());
    std::size_t fresh = 0;
    for (const projections::MigrationState& state : *states) {
        const char* what = state.was_applied ? "there" : only_list ? "missing" : "applied";
        if (!state.was_applied) ++fresh;
        out << fmt::format("{:<24} {}\n", state.migration->name, what);
    }
    out << fmt::format("{} of {} migrations {} in schema {} of {}\n", fresh, states->size(),
                       only_list ? "missing" : "applied", address.schema,
                       projections::without_password(address.url));
    return {ExitCode::ok, ""};
}

Exit run_project(const LoadedOptions& loaded, const ProjectWishes& wishes, std::ostream& out) {
    const Options& options = loaded.options;
    if (auto problem = problem_of(options)) return *problem;
    StopSignals signals;  // Before there are threads.
    set_up_logging(options.log_level);
    auto open = is_of_a_cluster(options) ? open_cluster_log(options) : open_embedded_log(options);
    if (!open) return open.error();
    Projector projector({.address = address_in(options),
                         .cluster = open->cluster,
                         .program = std::string(program_version),
                         .rebuild = wishes.rebuild,
                         .until_caught_up = wishes.once,
                         .end_if_refused = true},
                        *open->log, std::move(open->start));
    projector.start();
    constexpr bus::Duration look = std::chrono::milliseconds(50);
    while (signals.count() == 0 && !projector.wait_for_end({})) signals.wait(look);
    projector.stop();
    if (const auto failure = projector.failure()) return exit_of(*failure);
    tell(projector.pulse(), out);
    return {ExitCode::ok, ""};
}

}  // namespace ringrift::ops
