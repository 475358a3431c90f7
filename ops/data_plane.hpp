#pragma once

// The real carriers: a file server and a few fetching threads over the node's data folder.
//
// What the port (consumers/transfers.hpp) promises, and more exactly: files come by
// bus/transfer/file_fetch into `<data>/incoming`, and whole and verified into `<data>/files`; what
// is not what its digest says goes to `<data>/quarantine`. The node's keys are
// `<data>/keys/node.key`. When another node says that bytes from here were wrong, our copy is read
// again, and if it is damaged it is set aside and reported. When a source comes back at another
// address, what was being fetched from it goes on from there. Public functions belong to the node's
// thread unless they say otherwise; hashing, disk and network are on threads of its own.

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "bus/inbox.hpp"
#include "bus/transfer/file_fetch.hpp"
#include "consumers/transfers.hpp"
#include "ops/jobs/file_store.hpp"
#include "ops/jobs/file_worker.hpp"
#include "projections/nodes_view.hpp"

namespace ringrift::ops {

struct DataPlaneOptions {
    std::filesystem::path data_folder = {};
    bus::NodeId self = {};
    std::string endpoint = "tcp://0.0.0.0:*";
    std::int64_t bytes_per_second_max = 0;                     ///< Of what is served; 0 is no cap.
    std::int64_t disk_free_bytes_min = std::int64_t{1} << 30;  ///< Kept free by what arrives.
    bus::FetchBounds bounds = {};
};

/// How a member's files are reached.
struct Peer {
    bus::ServerAddress server = {};
    bus::NodeId relay = {};  ///< Empty when it can be reached directly.
    friend bool operator==(const Peer&, const Peer&) = default;
};
using Peers = std::map<bus::NodeId, Peer>;

/// The members with a file server, as the log has them.
Peers peers_of(const projections::NodesView& nodes);

/// `tcp://10.0.0.7:8771`; of a v6 address `tcp://[fd00::7]:8771`; with port 0 any free one.
std::string endpoint_of(const std::string& host, std::int64_t port);

/// A sentence: what is wrong and what to change.
struct DataPlaneProblem {
    std::string sentence = {};
    bool is_address = false;  ///< That of the server; else it is the data folder.
};

class DataPlane final : public consumers::Transfers {
  public:
    /// `wake` is called, on another thread, when `drain` has something new.
    static bus::Result<std::unique_ptr<DataPlane>, DataPlaneProblem> open(
        const DataPlaneOptions& options, std::function<void()> wake = {});
    ~DataPlane() override;

    /// Told to the cluster when the node joins.
    const bus::PublicKey& key() const { return setting_.keys.public_key; }
    const std::string& endpoint() const { return server_->endpoint(); }
    int port() const;

    /// The members as the log has them now, this node included: they alone are let in, and only
    /// they are fetched from. Where this node has a relay, it serves there too. Cheap when
    /// unchanged.
    void set_peers(const Peers& peers);
    void set_peers(const projections::NodesView& nodes);

    bool fetch(const consumers::TransferOrder& order) override;
    void remove(const bus::FileDigest& file) override;
    std::vector<consumers::TransferReport> drain() override;
    consumers::TransferCounts counts() const override;

    /// Any thread.
    bus::FileServerCounters counters() const { return server_->counters(); }

    static constexpr std::size_t threads = 4;
    static constexpr std::size_t orders_max = 64;  ///< That wait for a thread.
    static constexpr std::size_t doubts_max = 16;  ///< Copies that wait to be read again.

  private:
    DataPlane(const DataPlaneOptions& options, bus::NodeKeys keys, std::function<void()> wake);
    void work(std::stop_token stop);
    struct Running {
        std::vector<bus::NodeId> sources = {};
        std::stop_source moved = {};  ///< One of them has another address now.
    };
    consumers::TransferReport carry_out(const consumers::TransferOrder& order,
                                        std::stop_token stop);
    bus::FetchOrder begin(const consumers::TransferOrder& order, std::stop_source moved);
    void end(const bus::FileDigest& file);
    void count(const consumers::TransferReport& report);
    void doubt(const bus::FileDigest& file);
    void report(const consumers::TransferReport& report, const std::stop_token& stop);
    /// REQUIRES: mutex_ is held.
    std::optional<bus::FileSource> source(const bus::NodeId& node) const;

    const bus::NodeId self_;
    const FileStore store_;
    bus::FetchSetting setting_;
    std::optional<std::pair<std::size_t, bus::Position>> peers_as_of_;  ///< Nodes, last change.
    bus::Inbox<consumers::TransferReport> outbox_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    Peers peers_;                                  ///< Written on the node's thread, so read
                                                   ///< there freely; else guarded by mutex_.
    std::deque<consumers::TransferOrder> orders_;  ///< Guarded by mutex_.
    std::map<bus::FileDigest, Running> running_;   ///< Guarded by mutex_.
    std::set<bus::FileDigest> doubted_;            ///< Guarded by mutex_.
    consumers::TransferCounts counts_;             ///< What comes in. Guarded by mutex_.
    FileWorker worker_;                            ///< Removes, and reads again what is doubted.
    std::unique_ptr<bus::FileServer> server_;
    std::vector<std::jthread> threads_;  ///< Last, so that they end first.
};

}  // namespace ringrift::ops
