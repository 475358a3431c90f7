#pragma once

// Fetches one file by its digest from one or several sources, on the calling thread.
//
// What has come stays in the partial folder whatever happens, and the next call goes on from there
// (bus/transfer/partial_file.hpp). Yields when the file is whole, verified, durable and under its
// own name; or why not, with what to do. Whether the file lies here already is for the caller to
// look first; to fetch it again is harmless. Any thread, which it keeps until it ends.

#include <map>
#include <optional>
#include <stop_token>
#include <vector>

#include "bus/transfer/fetch_course.hpp"
#include "bus/transfer/file_server.hpp"
#include "bus/transfer/partial_file.hpp"

namespace ringrift::bus {

/// A node that has the file.
struct FileSource {
    NodeId node = {};
    ServerAddress server = {};  ///< Its own, or that of its relay.
    bool is_relayed = false;    ///< `server` is the relay's.
    friend bool operator==(const FileSource&, const FileSource&) = default;
};

struct FetchOrder {
    FileDigest file = {};
    std::optional<std::int64_t> bytes = {};  ///< As the log says; empty when it does not.
    std::vector<FileSource> sources = {};
};

struct FetchSetting {
    NodeKeys keys = {};  ///< Our own.
    ArrivalPlace place = {};
    FetchBounds bounds = {};
    int network_threads = 1;  ///< Each decrypts for some of the streams.
};

struct Fetched {
    std::int64_t bytes = 0;
    std::int64_t bytes_resumed = 0;  ///< That lay here already.
    std::int64_t chunks_asked_again = 0;
    std::map<NodeId, std::int64_t> bytes_from = {};
};

using FetchResult = Result<Fetched, FetchFailure>;

FetchResult fetch_file(const FetchOrder& order, const FetchSetting& setting,
                       const MonotonicClock& now, std::stop_token stop);

}  // namespace ringrift::bus
