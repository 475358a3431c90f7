#include "ops/run_node.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "bus/lock_file.hpp"
#include "bus/nats_log.hpp"
#include "bus/nats_wire.hpp"
#include "ops/daemon.hpp"
#include "ops/data_folder.hpp"
#include "ops/heartbeat_wire.hpp"
#include "ops/join.hpp"
#include "ops/nats/managed_server.hpp"
#include "ops/nats/nats_ingest.hpp"
#include "ops/stop_signals.hpp"
#include "ops/system_clock.hpp"
#include "ops/up.hpp"
#include "projections/sqlite_store.hpp"

namespace ringrift::ops {
namespace {

constexpr bus::Duration mark_period = std::chrono::seconds(5);

const Exit told_to_stop = {ExitCode::ok, "it was told to stop before it could join"};

bus::Result<bus::LockFile, Exit> take_folder(const std::filesystem::path& folder) {
    if (auto exit = prepare_data_folder(folder)) return *std::move(exit);
    auto lock = bus::LockFile::acquire((folder / "node.lock").string());
    if (lock) return std::move(*lock);
    if (!lock.error().held) return Exit{ExitCode::data_dir_unusable, lock.error().sentence};
    return Exit{ExitCode::data_dir_taken,
                lock.error().sentence + "; end it, or give this one another folder with --data"};
}

/// What must be known before the log can be opened; from the node's own memory and its peers.
struct Prepared {
    ClusterPlace place = {};
    std::optional<bus::LogMark> mark = {};
};

/// Asks again while no member answers: machines that are started together do not come up together.
bus::Result<ClusterPlace, Exit> await_cluster(const Options& options, projections::Store& store,
                                              StopSignals& signals) {
    const auto until = std::chrono::steady_clock::now() + options.join_patience;
    for (bool said = false;; said = true) {
        auto place = find_cluster(options, store, cli::call, wall_clock);
        const bool in_vain = !place && place.error().code == ExitCode::unreachable;
        if (!in_vain || std::chrono::steady_clock::now() > until) return place;
        if (!said) spdlog::info("[P2P] Waiting for a member to answer: {}", place.error().sentence);
        signals.wait(std::chrono::seconds(1));
        if (signals.came()) return told_to_stop;
    }
}

bus::Result<Prepared, Exit> prepare(const Options& options, StopSignals& signals) {
    auto store = projections::SqliteStore::open((options.data_dir / "state.db").string());
    if (!store) return Exit{ExitCode::data_dir_unusable, store.error()};
    auto place = await_cluster(options, **store, signals);
    if (!place) return place.error();
    const auto mark = (*store)->get(bus::log_mark_name);
    if (!mark) return Exit{ExitCode::data_dir_unusable, (*store)->trouble()};
    return Prepared{.place = std::move(*place),
                    .mark = *mark ? bus::mark_from_text(**mark) : std::nullopt};
}

NatsServerConfig server_of(const Options& options, const ClusterPlace& place) {
    NatsServerConfig config = {.name = options.node_id,
                               .cluster = place.cluster,
                               .listen = options.bind,
                               .port = options.nats_port,
                               .route_port = options.nats_route_port,
                               .join_token = options.join_token,
                               .sync_always = options.nats_sync_always};
    for (const std::string& route : options.nats_routes)
        config.routes.push_back(*host_and_port(route));
    if (!config.routes.empty()) return config;
    for (const std::string& peer : options.peers)
        config.routes.push_back({host_and_port(peer)->host, options.nats_route_port});
    return config;
}

bus::Result<EventAccess, Exit> open_nats_events(const Options& options,
                                                bus::NatsConnection& connection,
                                                const bus::NatsLogSettings& settings,
                                                std::optional<ManagedServer>& server,
                                                StopSignals& signals) {
    bus::NatsLogSettings readers = settings;
    readers.mark.reset();
    readers.stream.may_create = false;
    auto log = std::make_unique<bus::NatsLog>(connection, settings);
    const auto until = std::chrono::steady_clock::now() + options.join_patience;
    bus::NatsHealth said;
    while (!log->wait_ready(std::chrono::milliseconds(500))) {
        // One that a killed node has left behind may hold the port for a moment.
        const std::string news = server ? server->look(wall_clock()) : std::string();
        if (!news.empty()) spdlog::warn("[P2P] {}", news);
        const bus::NatsHealth health = log->health();
        if (health.state != said.state)
            spdlog::info("[P2P] Waiting for the log: {}", health.sentence);
        said = health;
        signals.wait({});
        if (signals.came()) return told_to_stop;
        if (bus::is_final(health.state) || std::chrono::steady_clock::now() > until)
            return Exit{ExitCode::log_unusable, health.sentence};
    }
    EventAccess access = {.kind = "nats"};
    access.lines = std::make_unique<bus::NatsLog>(connection, readers);
    access.api_log = std::make_unique<bus::NatsLog>(connection, readers);
    if (!options.postgres.empty())
        access.projector = std::make_unique<bus::NatsLog>(connection, readers);
    access.api = std::make_unique<http::LogSource>(*access.api_log);
    access.log = std::move(log);
    return access;
}

/// Who becomes a voter may lead, and whoever leads must know who lives.
bool votes_by(const projections::LeadershipView& leadership, const ClusterPlace& place,
              const bus::NodeId& self) {
    const std::vector<bus::NodeId>& voters = leadership.voters;
    return voters.empty() ? place.is_voter : std::ranges::find(voters, self) != voters.end();
}

}  // namespace

Exit run_node(const LoadedOptions& loaded) {
    const Options& options = loaded.options;
    StopSignals signals;  // Before there are threads, which would be killed by them.
    set_up_logging(options.log_level);
    for (const std::string& warning : loaded.warnings) spdlog::warn("{}", warning);
    auto workload = workload_of(options);
    if (!workload) return workload.error();
    auto lock = take_folder(options.data_dir);
    if (!lock) return lock.error();
    auto prepared = prepare(options, signals);
    if (!prepared) return prepared.error();
    const ClusterPlace& place = prepared->place;
    for (const std::string& warning : place.warnings) spdlog::warn("{}", warning);

    std::optional<ManagedServer> server;
    if (is_managed(options)) {
        auto started = ManagedServer::start(server_of(options, place), options.data_dir / "nats",
                                            wall_clock());
        if (!started) return started.error();
        server.emplace(std::move(*started));
        spdlog::info("[P2P] NATS server started pid={} port={}", server->pid(), options.nats_port);
    }
    bus::NatsConnection connection(place.nats);
    bus::NatsWire wire(connection,
                       {.cluster = place.cluster,
                        .self = {options.node_id},
                        .is_telemetry =
                            [](const bus::Message& message) {
                                return std::holds_alternative<bus::NodeHeartbeat>(message);
                            },
                        // Who may lead must know who lives; a thousand workers need not.
                        .hears_telemetry = place.is_voter});
    HeartbeatWire beating(wire, options.heartbeat);
    bus::NatsLogSettings log = {.stream = {.cluster = place.cluster,
                                           .replicas = static_cast<int>(place.terms.replicas),
                                           .may_create = place.is_voter},
                                .mark = prepared->mark};
    bus::NatsLog* node_log = nullptr;
    bus::Time mark_at = {};
    Surroundings around = {.cluster = place.cluster,
                           .host = options.advertise,
                           .instance = place.instance,
                           .is_voter = place.is_voter,
                           .founders = place.voters,
                           .wire = &beating,
                           .known_peers = options.peers,
                           .terms = place.terms};
    if (place.is_voter) {
        around.open_door = [&](bus::Inbox<AdminRequest>& inbox) {
            return std::make_unique<NatsIngest>(connection, place.cluster, inbox);
        };
    }
    around.open_events = [&](const Options& given) {
        auto access = open_nats_events(given, connection, log, server, signals);
        if (access) node_log = static_cast<bus::NatsLog*>(access->log.get());
        return access;
    };
    around.look = [&](projections::Store& store, const projections::ClusterView& view,
                      bus::Time now) -> std::string {
        wire.hear_telemetry(votes_by(view.leadership, place, {options.node_id}));
        if (node_log != nullptr && now - mark_at >= mark_period) {
            mark_at = now;
            const auto mark = node_log->mark();
            if (mark && !store.put(bus::log_mark_name, bus::to_text(*mark))) return store.trouble();
        }
        return server ? server->look(now) : std::string();
    };
    return run_daemon(loaded, std::move(*workload), std::move(around));
}

}  // namespace ringrift::ops
