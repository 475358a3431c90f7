#pragma once

// The port of the carriers: brings files to this node and takes them away, and tells what came of
// it.
//
// All calls return at once; the work is done on other threads, and the news comes through `drain`.
// Whatever is asked is idempotent: to fetch what is being fetched or is here changes nothing. After
// a restart what was under way is forgotten here, but not what had come of it: the next order goes
// on from there. Calls on the node's thread only.
//
// Real ones: ops/data_plane. False ones: tests.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bus/ids.hpp"

namespace ringrift::consumers {

struct TransferOrder {
    bus::FileDigest file = {};
    std::optional<std::int64_t> bytes = {};  ///< Empty when the log does not say.
    std::vector<bus::NodeId> sources = {};   ///< Best first.
    friend bool operator==(const TransferOrder&, const TransferOrder&) = default;
};

/// The file lies here, durable, and is what its digest says.
struct TransferDone {
    bus::FileDigest file = {};
    bus::NodeId source = {};  ///< That gave most of it.
    std::int64_t bytes = 0;
};

struct TransferFailed {
    bus::FileDigest file = {};
    std::string kind = {};      ///< As bus/transfer/fetch_error.hpp names it.
    std::string sentence = {};  ///< What happened and what to do.
};

/// Our own copy is not what its digest says; it was moved to the quarantine.
struct CopyDamaged {
    bus::FileDigest file = {};
    std::string reason = {};
};

/// How it goes, for people.
struct TransferCounts {
    std::string address = {};   ///< Where files are given; empty when nowhere.
    std::int64_t serving = 0;   ///< Fetches by others, now.
    std::int64_t fetching = 0;  ///< Files, now.
    std::int64_t waiting = 0;   ///< Files that wait for a thread to fetch them.
    std::int64_t fetched = 0;   ///< Files, since the start; so are all below.
    std::int64_t failed = 0;    ///< Fetches that no source could make good.
    std::int64_t bytes_in = 0;
    std::int64_t bytes_out = 0;
    std::int64_t relayed = 0;  ///< Asks handed on to a node that only this one reaches.
    std::int64_t denied = 0;   ///< Connections and asks of who is no member.
    std::int64_t malformed = 0;
    std::int64_t quarantined = 0;  ///< What came, or lay here, and was not what its digest says.
    std::string trouble = {};      ///< Of the last fetch that failed; empty after one that did not.
};

using TransferReport = std::variant<TransferDone, TransferFailed, CopyDamaged>;

class Transfers {
  public:
    virtual ~Transfers() = default;

    /// False when there is no room for another order now: ask again later.
    [[nodiscard]] virtual bool fetch(const TransferOrder& order) = 0;

    /// Deletes the file from the data directory. Nothing when it is not there.
    virtual void remove(const bus::FileDigest& file) = 0;

    /// What happened since the last call, oldest first.
    virtual std::vector<TransferReport> drain() = 0;

    virtual TransferCounts counts() const { return {}; }
};

}  // namespace ringrift::consumers
