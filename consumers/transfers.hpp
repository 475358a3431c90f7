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
};

}  // namespace ringrift::consumers
