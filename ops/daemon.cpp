#include "ops/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "ops/api_watch.hpp"
#include "ops/daemon_settings.hpp"
#include "ops/data_folder.hpp"
#include "ops/data_plane.hpp"
#include "ops/generation_goal.hpp"
#include "ops/http/api.hpp"
#include "ops/jobs/file_store.hpp"
#include "ops/jobs/posix_hands.hpp"
#include "ops/linux_host.hpp"
#include "ops/log_lines.hpp"
#include "ops/node.hpp"
#include "ops/operator_lines.hpp"
#include "ops/progress_line.hpp"
#include "ops/projector.hpp"
#include "ops/provider_commands.hpp"
#include "ops/service_notice.hpp"
#include "ops/stop_signals.hpp"
#include "ops/system_clock.hpp"
#include "ops/up.hpp"
#include "projections/snapshot.hpp"
#include "projections/sqlite_store.hpp"

namespace ringrift::ops {
namespace {

namespace fs = std::filesystem;

class Daemon {
  public:
    Daemon(const LoadedOptions& loaded, Workload workload, Surroundings surroundings)
        : options_(loaded.options),
          workload_(std::move(workload)),
          around_(std::move(surroundings)) {}
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    /// The log and the wire outlive what they wake.
    ~Daemon() {
        if (events_.api_log) events_.api_log->on_news({});
        if (around_.wire != nullptr) around_.wire->on_news({});
    }

    Exit run();

  private:
    std::optional<Exit> open_stores();
    std::optional<Exit> open_api();
    std::optional<Exit> start_node();
    std::optional<Exit> open_data_plane();
    std::optional<Exit> open_provider();
    projections::Folded<projections::ClusterView> snapshot() const;
    void add_projector();
    void end_projector();
    Exit go_round();
    void decide_to_stop(bus::Time now);
    void tell_systemd();
    std::string status_line() const;
    std::optional<Exit> check_subscriptions(bus::Time now);
    std::optional<http::JobOutput> job_output(const bus::WorkId& work, bus::Position fence,
                                              std::string_view stream, std::size_t bytes_max) const;

    const Options options_;
    const Workload workload_;
    const Surroundings around_;
    const fs::path programs_ = folder_of_this_program();
    SystemClock clock_;
    StopSignals signals_;
    PulseBoard board_;
    EventAccess events_;
    std::unique_ptr<projections::SqliteStore> store_;
    std::unique_ptr<LinuxHost> host_;
    std::unique_ptr<PosixHands> hands_;
    std::optional<FileStore> files_;
    std::optional<ApiWatch> leader_watch_;        ///< Where there are other nodes.
    std::unique_ptr<DataPlane> data_plane_;       ///< Likewise.
    std::unique_ptr<ProviderCommands> provider_;  ///< Null without --provision-command.
    std::unique_ptr<Node> node_;
    std::unique_ptr<OutsideDoor> door_;     ///< Null on the embedded log.
    std::unique_ptr<Projector> projector_;  ///< Null without --postgres.
    std::unique_ptr<http::Api> api_;
    std::unique_ptr<http::Server> server_;
    ServiceNotice notice_ = ServiceNotice(environment_of_this_process());
    ProgressPrinter printer_ = ProgressPrinter(isatty(STDOUT_FILENO) != 0);

    bus::Time started_at_ = {};
    int port_ = 0;
    bool subscriptions_said_ = false;
    bool generation_reached_ = false;
    Exit exit_ = {ExitCode::ok, ""};
};

std::optional<Exit> Daemon::open_stores() {
    const fs::path& data = options_.data_dir;
    if (auto exit = prepare_data_folder(data)) return exit;
    auto events = around_.open_events(options_);
    if (!events) return events.error();
    events_ = std::move(*events);
    auto store = projections::SqliteStore::open((data / "state.db").string());
    if (!store) return Exit{ExitCode::data_dir_unusable, store.error()};
    store_ = std::move(*store);
    return {};
}

std::optional<http::JobOutput> Daemon::job_output(const bus::WorkId& work, bus::Position fence,
                                                  std::string_view stream,
                                                  std::size_t bytes_max) const {
    if (!hands_) return {};
    const auto logs = hands_->job_logs({.work = work, .fence = fence});
    if (!logs) return {};
    const std::string& text = stream == "stdout" ? logs->standard_output : logs->standard_error;
    const bool cut = text.size() > bytes_max;
    return http::JobOutput{
        .text = cut ? text.substr(text.size() - bytes_max) : text, .fence = fence, .cut = cut};
}

std::optional<Exit> Daemon::open_api() {
    http::ApiPorts ports = {.events = *events_.api, .pulse = board_, .admin = node_->admin()};
    ports.now = [] { return SystemClock().now(); };
    ports.job_output = [this](const bus::WorkId& work, bus::Position fence, std::string_view stream,
                              std::size_t bytes_max) {
        return job_output(work, fence, stream, bytes_max);
    };
    if (projector_) ports.projector = [this] { return projector_->pulse(); };
    ports.server_counts = [this] { return server_ ? server_->counts() : http::ServerCounts{}; };
    http::ApiOptions api = {.node = options_.node_id,
                            .cluster = around_.cluster.empty() ? options_.cluster : around_.cluster,
                            .version = std::string(program_version),
                            .port = options_.port,
                            .admin_token = options_.admin_token};
    api.known_peers = around_.known_peers;
    api.join_token = options_.join_token;
    api.join = around_.terms;
    api_ = std::make_unique<http::Api>(std::move(api), ports, snapshot());
    server_ = std::make_unique<http::Server>(
        http::ServerOptions{.host = options_.bind, .port = options_.port}, api_->calls());
    const auto bound = server_->listen();
    if (!bound) return Exit{ExitCode::cannot_bind, bound.error().sentence};
    port_ = *bound;
    api_->bound_to(port_);
    node_->serve_at(port_);
    events_.api_log->on_news([this] { server_->wake(); });
    return {};
}

/// What was folded before this start; empty when there is nothing of use.
projections::Folded<projections::ClusterView> Daemon::snapshot() const {
    const auto text = store_->get("snapshot");
    if (!text || !*text) return {};
    auto snapshot = projections::from_snapshot(**text);
    const auto last = events_.log->last();
    if (!snapshot || !last || snapshot->position > *last) return {};
    return std::move(*snapshot);
}

void Daemon::add_projector() {
    if (options_.postgres.empty() || !events_.projector) return;
    projector_ = std::make_unique<Projector>(
        ProjectorSettings{.address = {.url = options_.postgres, .schema = options_.postgres_schema},
                          .cluster = around_.cluster.empty() ? options_.cluster : around_.cluster,
                          .program = std::string(program_version)},
        *events_.projector, snapshot());
}

/// The last events reach PostgreSQL too, unless it is away.
void Daemon::end_projector() {
    if (!projector_) return;
    constexpr bus::Duration farewell_max = std::chrono::seconds(3);
    const auto last = events_.log->last();
    if (last && projector_->pulse().trouble.empty() &&
        !projector_->wait_until_caught_up(*last, farewell_max)) {
        spdlog::warn("[P2P] Projector is behind; it catches up at the next start");
    }
    projector_->stop();
}

std::optional<Exit> Daemon::open_data_plane() {
    DataPlaneOptions plane = {.data_folder = fs::absolute(options_.data_dir),
                              .self = {options_.node_id},
                              .endpoint = endpoint_of(options_.bind, options_.transfer_port),
                              .bytes_per_second_max = options_.transfer_bytes_per_second_max};
    plane.bounds.streams_per_source = static_cast<std::size_t>(options_.transfer_streams);
    auto opened = DataPlane::open(plane, [this] { signals_.wake(); });
    if (!opened) {
        return Exit{opened.error().is_address ? ExitCode::cannot_bind : ExitCode::data_dir_unusable,
                    opened.error().sentence};
    }
    data_plane_ = std::move(*opened);
    return {};
}

std::optional<Exit> Daemon::open_provider() {
    if (options_.provision_command.empty()) return {};
    provider_ = std::make_unique<ProviderCommands>(
        ProviderSettings{.provision = options_.provision_command,
                         .terminate = options_.terminate_command,
                         .time_max = options_.provider_timeout,
                         .cluster = around_.cluster.empty() ? options_.cluster : around_.cluster,
                         .environment = inheritable(environment_of_this_process())},
        [this] { signals_.wake(); });
    if (const std::string problem = provider_->problem(); !problem.empty())
        return Exit{ExitCode::usage, problem};
    return {};
}

std::optional<Exit> Daemon::start_node() {
    if (auto exit = open_provider()) return exit;
    host_ = std::make_unique<LinuxHost>(
        LinuxHostOptions{.data_dir = options_.data_dir, .slots = options_.slots});
    auto hands = PosixHands::open({.data_folder = options_.data_dir,
                                   .supervisor_program = programs_ / "ringrift-job",
                                   .environment = inheritable(environment_of_this_process()),
                                   .gpus = host_->machine().capacity.gpus,
                                   .stop_grace = options_.stop_grace},
                                  [this] { signals_.wake(); });
    if (!hands) return Exit{ExitCode::data_dir_unusable, hands.error().sentence};
    hands_ = std::move(*hands);
    files_.emplace(fs::absolute(options_.data_dir));
    consumers::NodePlaces places = {.programs = programs_,
                                    .workload = workload_.path.parent_path()};
    places.path_of = [this](const bus::FileDigest& digest) -> std::optional<std::string> {
        const auto path = files_->find(digest);
        return path ? std::optional(path->string()) : std::nullopt;
    };
    NodeSettings settings =
        node_settings(options_, workload_, host_->machine(), around_, events_.kind);
    if (around_.wire != nullptr) {
        leader_watch_.emplace([this] { signals_.wake(); });
        if (auto exit = open_data_plane()) return exit;
        settings.self.transfer_port = data_plane_->port();
        settings.self.transfer_key = data_plane_->key().value;
    }
    node_ = std::make_unique<Node>(
        std::move(settings),
        NodePorts{.clock = clock_,
                  .log = *events_.log,
                  .store = *store_,
                  .host = *host_,
                  .hands = *hands_,
                  .board = board_,
                  .wire = around_.wire,
                  .leader_watch = leader_watch_ ? &*leader_watch_ : nullptr,
                  .transfers = data_plane_.get(),
                  .provider = provider_.get()},
        [this, places](const bus::WorkQueued& work, bus::Position fence) {
            return consumers::expand(workload_.commands, work, fence, places);
        });
    node_->on_wake([this] { signals_.wake(); });
    return {};
}

Exit Daemon::run() {
    if (auto exit = open_stores()) return *exit;
    if (auto exit = start_node()) return *exit;
    add_projector();
    if (auto exit = open_api()) return *exit;
    started_at_ = clock_.now();
    const auto started = node_->start(started_at_);
    if (!started) return {ExitCode::data_dir_unusable, started.error()};
    spdlog::info("[P2P] Node started node={} api=http://{}:{} data={} workload={} position={}",
                 options_.node_id, options_.bind, port_, options_.data_dir.string(), workload_.name,
                 node_->position());
    if (around_.open_door) door_ = around_.open_door(node_->admin());
    if (projector_) projector_->start();
    return go_round();
}

std::optional<Exit> Daemon::check_subscriptions(bus::Time now) {
    if (subscriptions_said_) return {};
    const auto failed = node_->critical_failed(now);
    if (failed.empty()) {
        subscriptions_said_ = true;
        write_line(subscriptions_line(failed));
        return {};
    }
    if (now - started_at_ < 2 * consumers::Subscriptions::interval) return {};
    subscriptions_said_ = true;
    write_line(subscriptions_line(failed));
    if (!options_.fail_on_subscription_failure) return {};
    return Exit{ExitCode::subscription_failed,
                fmt::format("critical event subscriptions failed: {}", fmt::join(failed, ", ")) +
                    "; look at GET /status .event_subscription_status, or set "
                    "RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE=false"};
}

void Daemon::decide_to_stop(bus::Time now) {
    if (signals_.handing_over()) {
        printer_.clear();
        spdlog::info("[P2P] Node leaves its jobs to the next start");
        return node_->hand_over("it is started anew", now);
    }
    if (node_->stopping()) return;
    if (signals_.count() > 0) return node_->stop(signals_.last(), now);
    if (options_.until_generation > 0 &&
        generation_reached(node_->view(), options_.until_generation)) {
        generation_reached_ = true;
        return node_->stop(
            "generation " + std::to_string(options_.until_generation) + " was reached", now);
    }
    if (options_.run_for.count() > 0 && now - started_at_ >= options_.run_for) {
        if (options_.until_generation > 0) {
            exit_ = {
                ExitCode::time_up,
                fmt::format("the time was up after {} of {} generations; give it a longer --for",
                            projections::evaluated(node_->view().training),
                            options_.until_generation)};
        }
        node_->stop("the time given by --for is up", now);
    }
}

/// In one line, for `systemctl status`.
std::string Daemon::status_line() const {
    const Pulse pulse = board_.read();
    std::string who = "follows " + node_->view().leadership.leader.value;
    if (node_->is_leader())
        who = "leads";
    else if (!pulse.no_leader.empty())
        who = "knows no leader: " + pulse.no_leader;
    std::string line =
        fmt::format("{} {} in {}, epoch {}, {} jobs, position {}", pulse.node, who, pulse.cluster,
                    node_->view().leadership.epoch, pulse.jobs.size(), pulse.position);
    if (!pulse.log_trouble.empty()) line += "; the log: " + pulse.log_trouble;
    return line.substr(0, line.find('\n'));
}

/// In each round, and from nowhere else: this is what the watchdog watches.
void Daemon::tell_systemd() {
    const bus::Instant now = clock_.monotonic();
    notice_.turn({.joined = node_->joined(),
                  .stopping = node_->stopping(),
                  .status = notice_.wants_status(now) ? status_line() : std::string()},
                 now);
}

Exit Daemon::go_round() {
    LinesOfTheLog lines(*events_.lines, printer_, node_->position());
    DiskWatch disk;
    LossWatch losses;
    bool stop_said = false;
    while (!node_->stopped()) {
        const bus::Time now = clock_.now();
        decide_to_stop(now);
        const std::size_t done = node_->do_work(now);
        if (data_plane_) data_plane_->set_peers(node_->view().nodes);
        tell_systemd();
        lines.follow();
        if (const auto exit = check_subscriptions(now)) {
            exit_ = *exit;
            node_->stop("critical subscriptions failed", now);
        }
        if (node_->stopping() && !std::exchange(stop_said, true)) {
            printer_.clear();
            spdlog::info("[P2P] Node stopping: jobs are ended, at most {} s",
                         options_.stop_grace.count() / 1000);
        }
        if (around_.look) {
            const std::string news = around_.look(*store_, node_->view(), now);
            if (!news.empty()) lines.say({LineLevel::warning, "[P2P] " + news});
        }
        if (const auto line = disk.news(node_->host_view().disk)) lines.say(*line);
        if (const auto line = losses.news(*hands_, now)) lines.say(*line);
        printer_.show(node_->view(), node_->host_view(), now - started_at_, now);
        if (done == 0) signals_.wait(Node::idle_max);
        if (signals_.count() > 1)
            break;  // asked twice: jobs go on by themselves and are found again
    }
    lines.follow();
    printer_.clear();
    door_.reset();
    end_projector();
    server_->stop();
    fmt::print("{}", closing_words(node_->view(), clock_.now() - started_at_));
    spdlog::info("[P2P] Node stopped position={}", node_->position());
    return exit_;
}

}  // namespace

Exit run_daemon(const LoadedOptions& loaded, Workload workload, Surroundings surroundings) {
    return Daemon(loaded, std::move(workload), std::move(surroundings)).run();
}

}  // namespace ringrift::ops
