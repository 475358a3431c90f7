#pragma once

// The course of one fetch: which part is asked of whom, what is lost and asked again, when to give
// up. Pure: no socket, no clock, no file; bus/transfer/file_fetch does what `next` says and tells
// what happened.
//
// A file comes in chunks, over several streams (connections) to one or several sources. A stream
// has at most `credit` chunks asked and not here; all of them together are never further than
// `window` chunks ahead of what has been written, which bounds the memory. The next missing chunk
// goes to the next stream that has credit: a faster one takes more. A stream that says nothing for
// `answer_max` is closed, its chunks go to others, and it is tried again after a back-off that
// doubles. A stream with nothing left to ask also asks for what another owes for long (`hedge`), so
// the slowest does not decide. A source that cannot help (denied, no such file …) is out. When all
// are out, or no byte came for `patience`, the fetch has failed.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "bus/ids.hpp"
#include "bus/monotonic.hpp"
#include "bus/transfer/fetch_error.hpp"
#include "bus/transfer/frames.hpp"

namespace ringrift::bus {

struct FetchBounds {
    std::int64_t chunk_bytes = chunk_bytes_max;  ///< Fewer, larger ones cost the processor less.
    std::size_t credit = 16;
    std::size_t window = 32;  ///< With the chunk's size, the memory of a fetch: 32 MiB.
    std::size_t streams_per_source = 2;
    std::chrono::milliseconds connect_max = std::chrono::seconds(5);
    std::chrono::milliseconds answer_max = std::chrono::seconds(20);
    std::chrono::milliseconds hedge = std::chrono::seconds(1);
    std::chrono::milliseconds retry_first = std::chrono::milliseconds(100);
    std::chrono::milliseconds retry_max = std::chrono::seconds(3);
    std::chrono::milliseconds patience = std::chrono::seconds(30);
};

class FetchCourse {
  public:
    struct Source {
        NodeId node = {};
        std::string route = {};  ///< The node's id when it is reached through a relay.
    };

    // What to do.
    struct Connect {
        std::size_t stream = 0;
    };
    struct Close {
        std::size_t stream = 0;
    };
    struct Say {
        std::size_t stream = 0;
        Frame frame = {};
    };
    /// The size is known: prepare the file, and call `begin`. Once.
    struct Prepare {
        std::int64_t bytes = 0;
    };
    using Step = std::variant<Connect, Close, Say, Prepare>;

    /// `bytes` is what the file should have; empty when nobody knows.
    FetchCourse(FileDigest file, std::optional<std::int64_t> bytes, std::vector<Source> sources,
                FetchBounds bounds, MonotonicTime now);

    std::size_t streams() const { return streams_.size(); }
    const NodeId& node_of(std::size_t stream) const;

    /// All that is to be done now.
    std::vector<Step> next(MonotonicTime now);

    // What happened.
    void connected(std::size_t stream);                 ///< Something listens there.
    void ready(std::size_t stream, MonotonicTime now);  ///< Both have proved who they are.
    void lost(std::size_t stream, FetchError why, MonotonicTime now);
    /// True when it is a chunk that is still missing: its `body_bytes` are to be written.
    [[nodiscard]] bool heard(std::size_t stream, const Frame& frame, std::size_t body_bytes,
                             MonotonicTime now);
    /// Bytes up to `from` are there already, of an earlier try.
    void begin(std::int64_t from, MonotonicTime now);
    /// All bytes up to here are in the file.
    void written(std::int64_t up_to);

    bool complete() const { return bytes_known_ && begun_ && written_ == bytes_; }
    std::int64_t bytes() const { return bytes_; }  ///< REQUIRES: `Prepare` was said.
    /// Set when there is no hope left.
    std::optional<FetchFailure> failure(MonotonicTime now) const;
    std::int64_t chunks_asked_again() const { return asked_again_; }

  private:
    enum class State { closed, connecting, asking, ready };
    struct Stream {
        std::size_t source = 0;
        State state = State::closed;
        bool is_connected = false;  ///< Though perhaps not ready.
        bool has_asked = false;     ///< For the size.
        MonotonicTime since = {};   ///< Of `state`; when closed, when to connect again.
        MonotonicTime heard_at = {};
        std::int64_t failures = 0;          ///< In a row.
        std::set<std::int64_t> asked = {};  ///< Offsets.
    };
    struct SourceState {
        Source source = {};
        std::optional<FetchError> trouble = {};  ///< The last one since it last helped.
        bool is_out = false;                     ///< For good.
    };
    struct Asked {
        std::size_t streams = 0;
        MonotonicTime at = {};
    };

    void watch(std::size_t stream, MonotonicTime now, std::vector<Step>& steps);
    void ask_for_chunks(MonotonicTime now, std::vector<Step>& steps);
    std::optional<std::int64_t> chunk_for(std::size_t stream, MonotonicTime now) const;
    void pull(std::size_t stream, std::int64_t offset, MonotonicTime now, std::vector<Step>& steps);
    void close(Stream& stream, FetchError why, MonotonicTime now);
    void hear_size(std::size_t stream, std::int64_t bytes, MonotonicTime now);
    void hear_no(std::size_t stream, NoReason reason, MonotonicTime now);
    bool hear_chunk(std::size_t stream, const Frame& frame, std::size_t body_bytes,
                    MonotonicTime now);
    std::int64_t length_at(std::int64_t offset) const;

    const FileDigest file_;
    const FetchBounds bounds_;
    std::vector<SourceState> sources_;
    std::vector<Stream> streams_;
    bool bytes_known_ = false;
    bool is_prepared_ = false;
    bool begun_ = false;
    std::int64_t bytes_ = 0;
    std::int64_t next_offset_ = 0;  ///< Never asked from here on.
    std::int64_t written_ = 0;
    std::map<std::int64_t, Asked> asked_;  ///< By offset, of whomever.
    std::set<std::int64_t> again_;         ///< Asked once and lost.
    std::set<std::int64_t> here_;          ///< Come, not yet written.
    std::set<std::size_t> to_close_;
    std::size_t turn_ = 0;
    std::uint64_t last_request_ = 0;
    std::int64_t asked_again_ = 0;
    MonotonicTime progress_at_;
};

}  // namespace ringrift::bus
