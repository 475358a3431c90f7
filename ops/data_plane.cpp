#include "ops/data_plane.hpp"

#include <algorithm>

namespace ringrift::ops {
namespace {

namespace fs = std::filesystem;
using namespace consumers;

constexpr std::size_t reports_max = 1024;
constexpr auto abandoned_after = std::chrono::hours(24 * 7);
constexpr auto report_again_after = std::chrono::milliseconds(100);

bus::MonotonicTime monotonic_now() {
    return std::chrono::steady_clock::now();
}

/// Parts of files that nobody has gone on with for long.
void remove_abandoned(const fs::path& folder) {
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const auto touched = entry.last_write_time(problem);
        if (!problem && fs::file_time_type::clock::now() - touched > abandoned_after)
            fs::remove(entry.path(), problem);
    }
}

}  // namespace

std::string endpoint_of(const std::string& host, std::int64_t port) {
    const bool is_v6 = host.find(':') != std::string::npos;
    return "tcp://" + (is_v6 ? "[" + host + "]" : host) + ":" +
           (port == 0 ? "*" : std::to_string(port));
}

Peers peers_of(const projections::NodesView& nodes) {
    Peers peers;
    for (const auto& [id, node] : nodes.nodes) {
        const bool is_member = node.status != projections::NodeStatus::left &&
                               node.status != projections::NodeStatus::retired;
        if (!is_member || !moves_files(node)) continue;
        peers[id] = {.server = {endpoint_of(node.joined.host, node.joined.transfer_port),
                                {node.joined.transfer_key}},
                     .relay = node.relay};
    }
    return peers;
}

bus::Result<std::unique_ptr<DataPlane>, DataPlaneProblem> DataPlane::open(
    const DataPlaneOptions& options, std::function<void()> wake) {
    auto keys = bus::load_node_keys(options.data_folder / "keys" / "node.key");
    if (!keys) return DataPlaneProblem{keys.error().sentence};
    remove_abandoned(options.data_folder / "incoming");
    std::unique_ptr<DataPlane> plane(new DataPlane(options, std::move(*keys), std::move(wake)));
    DataPlane* self = plane.get();
    auto server = bus::FileServer::open(
        {.endpoint = options.endpoint,
         .keys = plane->setting_.keys,
         .bytes_per_second_max = options.bytes_per_second_max,
         .on_doubt = [self](const bus::FileDigest& file) { self->doubt(file); }},
        [store = plane->store_](const bus::FileDigest& file) { return store.find(file); },
        monotonic_now);
    if (!server) return DataPlaneProblem{server.error().sentence, true};
    plane->server_ = std::move(*server);
    for (std::size_t n = 0; n < threads; ++n)
        plane->threads_.emplace_back([self](std::stop_token stop) { self->work(stop); });
    return plane;
}

DataPlane::DataPlane(const DataPlaneOptions& options, bus::NodeKeys keys,
                     std::function<void()> wake)
    : self_(options.self),
      store_(options.data_folder),
      setting_{.keys = std::move(keys),
               .place = {.partial = options.data_folder / "incoming",
                         .quarantine = options.data_folder / "quarantine",
                         .disk_free_bytes_min = options.disk_free_bytes_min,
                         .keep = [store = store_](int fd, const bus::FileDigest& file)
                             -> bus::Result<bus::Done, bus::KeepProblem> {
                             const auto kept = store.keep(fd, file);
                             if (!kept) return bus::KeepProblem{kept.error().sentence};
                             return bus::Done{};
                         }},
               .bounds = options.bounds},
      outbox_(reports_max, std::move(wake)) {}

DataPlane::~DataPlane() {
    for (std::jthread& thread : threads_) thread.request_stop();  // All at once, then joined.
}

void DataPlane::set_peers(const projections::NodesView& nodes) {
    bus::Position changed = 0;
    for (const auto& [id, node] : nodes.nodes) changed = std::max(changed, node.changed);
    const std::pair as_of(nodes.nodes.size(), changed);
    if (peers_as_of_ == as_of) return;
    peers_as_of_ = as_of;
    set_peers(peers_of(nodes));
}

void DataPlane::set_peers(const Peers& peers) {
    if (peers == peers_) return;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [file, running] : running_) {
            const bool moved = std::ranges::any_of(running.sources, [&](const bus::NodeId& node) {
                const auto before = peers_.find(node);
                const auto now = peers.find(node);
                return now != peers.end() &&
                       (before == peers_.end() || before->second != now->second);
            });
            if (moved) running.moved.request_stop();
        }
        peers_ = peers;
    }
    bus::Members members;
    for (const auto& [node, peer] : peers_) {
        if (!peer.server.key.empty()) members[peer.server.key] = node;
    }
    server_->set_members(std::move(members));
    std::vector<bus::ServerAddress> relays;
    const auto self = peers_.find(self_);
    if (self != peers_.end() && !self->second.relay.empty()) {
        const auto relay = peers_.find(self->second.relay);
        if (relay != peers_.end()) relays.push_back(relay->second.server);
    }
    server_->serve_through(std::move(relays));
}

std::optional<bus::FileSource> DataPlane::source(const bus::NodeId& node) const {
    const auto peer = peers_.find(node);
    if (peer == peers_.end()) return {};
    if (peer->second.relay.empty())
        return bus::FileSource{.node = node, .server = peer->second.server};
    const auto relay = peers_.find(peer->second.relay);
    if (relay == peers_.end()) return {};
    return bus::FileSource{.node = node, .server = relay->second.server, .is_relayed = true};
}

bool DataPlane::fetch(const TransferOrder& order) {
    const std::lock_guard lock(mutex_);
    if (orders_.size() >= orders_max) return false;
    orders_.push_back(order);
    changed_.notify_one();
    return true;
}

void DataPlane::remove(const bus::FileDigest& file) {
    worker_.add([this, file](std::stop_token stop) {
        const auto removed = store_.remove(file);
        if (!removed) report(TransferFailed{file, "not_writable", removed.error().sentence}, stop);
    });
}

std::vector<TransferReport> DataPlane::drain() {
    return outbox_.take();
}

void DataPlane::work(std::stop_token stop) {
    while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [this] { return !orders_.empty(); });
        if (stop.stop_requested()) return;
        const TransferOrder order = std::move(orders_.front());
        orders_.pop_front();
        lock.unlock();
        const TransferReport came = carry_out(order, stop);
        end(order.file);
        report(came, stop);
    }
}

/// The order with the addresses of this moment.
bus::FetchOrder DataPlane::begin(const TransferOrder& order, std::stop_source moved) {
    bus::FetchOrder fetch = {.file = order.file, .bytes = order.bytes};
    const std::lock_guard lock(mutex_);
    for (const bus::NodeId& node : order.sources) {
        if (auto found = source(node)) fetch.sources.push_back(std::move(*found));
    }
    running_[order.file] = {order.sources, std::move(moved)};
    return fetch;
}

void DataPlane::end(const bus::FileDigest& file) {
    const std::lock_guard lock(mutex_);
    running_.erase(file);
}

TransferReport DataPlane::carry_out(const TransferOrder& order, std::stop_token stop) {
    // Of an earlier process that could not say so any more.
    if (store_.find(order.file) && store_.verify(order.file)) {
        const bus::NodeId source = order.sources.empty() ? self_ : order.sources.front();
        return TransferDone{order.file, source, order.bytes.value_or(0)};
    }
    while (true) {
        std::stop_source moved;
        const std::stop_callback both(stop, [&] { moved.request_stop(); });
        const auto fetched =
            bus::fetch_file(begin(order, moved), setting_, monotonic_now, moved.get_token());
        if (fetched) {
            const auto most = std::ranges::max_element(
                fetched->bytes_from, {}, [](const auto& entry) { return entry.second; });
            const bool is_known = most != fetched->bytes_from.end();
            return TransferDone{order.file, is_known ? most->first : order.sources.front(),
                                fetched->bytes};
        }
        const bool goes_on = moved.stop_requested() && !stop.stop_requested();
        if (goes_on) continue;
        return TransferFailed{order.file, std::string(bus::name_of(fetched.error().error)),
                              fetched.error().sentence};
    }
}

/// On the server's thread.
void DataPlane::doubt(const bus::FileDigest& file) {
    {
        const std::lock_guard lock(mutex_);
        if (doubted_.size() >= doubts_max || !doubted_.insert(file).second) return;
    }
    worker_.add([this, file](std::stop_token stop) {
        const bool was_here = store_.find(file).has_value();
        if (was_here && !store_.verify(file)) {
            report(CopyDamaged{file,
                               "another node got bytes from here that are not what the "
                               "digest says, and neither are those on the disk"},
                   stop);
        }
        const std::lock_guard lock(mutex_);
        doubted_.erase(file);
    });
}

int DataPlane::port() const {
    return std::stoi(endpoint().substr(endpoint().rfind(':') + 1));
}

TransferCounts DataPlane::counts() const {
    const bus::FileServerCounters server = server_->counters();
    const std::lock_guard lock(mutex_);
    TransferCounts counts = counts_;
    counts.address = server_->endpoint();
    counts.fetching = static_cast<std::int64_t>(running_.size());
    counts.waiting = static_cast<std::int64_t>(orders_.size());
    counts.serving = server.sessions;
    counts.bytes_out = server.bytes;
    counts.relayed = server.relayed;
    counts.denied = server.refused + server.denied;
    counts.malformed = server.malformed;
    return counts;
}

void DataPlane::count(const TransferReport& report) {
    const std::lock_guard lock(mutex_);
    std::visit(bus::Overloaded{
                   [&](const TransferDone& e) {
                       counts_.fetched += 1;
                       counts_.bytes_in += e.bytes;
                       counts_.trouble.clear();
                   },
                   [&](const TransferFailed& e) {
                       if (e.kind == bus::name_of(bus::FetchError::stopped)) return;
                       counts_.failed += 1;
                       counts_.trouble = e.sentence;
                       if (e.kind == bus::name_of(bus::FetchError::mismatch))
                           counts_.quarantined += 1;
                   },
                   [&](const CopyDamaged& e) {
                       counts_.quarantined += 1;
                       counts_.trouble = e.reason;
                   },
               },
               report);
}

void DataPlane::report(const TransferReport& report, const std::stop_token& stop) {
    count(report);
    // The outbox is full only while the node's thread hangs.
    while (!outbox_.put(report) && !stop.stop_requested())
        std::this_thread::sleep_for(report_again_after);
}

}  // namespace ringrift::ops
