#include "bus/transfer/fetch_course.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"

namespace ringrift::bus {
namespace {

constexpr std::int64_t greetings_max = 3;

/// Whether the source may help later.
bool may_pass(FetchError trouble) {
    return trouble == FetchError::unreachable || trouble == FetchError::stalled ||
           trouble == FetchError::busy;
}

FetchError error_of(NoReason reason) {
    switch (reason) {
        case NoReason::no_such_file:
        case NoReason::unreadable: return FetchError::no_such_file;
        case NoReason::denied: return FetchError::denied;
        case NoReason::busy: return FetchError::busy;
        case NoReason::no_route: return FetchError::unreachable;
        case NoReason::none:
        case NoReason::other_version:
        case NoReason::malformed: break;
    }
    return FetchError::other_version;
}

/// Of what went wrong with several sources, what a person should hear of first.
int weight_of(FetchError error) {
    switch (error) {
        case FetchError::denied: return 7;
        case FetchError::impostor: return 6;
        case FetchError::other_version: return 5;
        case FetchError::wrong_size: return 4;
        case FetchError::stalled: return 3;
        case FetchError::no_such_file: return 2;
        case FetchError::busy: return 1;
        case FetchError::unreachable:
        case FetchError::disk_full:
        case FetchError::not_writable:
        case FetchError::in_use:
        case FetchError::mismatch:
        case FetchError::stopped: break;
    }
    return 0;
}

}  // namespace

FetchCourse::FetchCourse(FileDigest file, std::optional<std::int64_t> bytes,
                         std::vector<Source> sources, FetchBounds bounds, MonotonicTime now)
    : file_(std::move(file)),
      bounds_(bounds),
      bytes_known_(bytes.has_value()),
      bytes_(bytes.value_or(0)),
      progress_at_(now) {
    RINGRIFT_CHECK(bounds.chunk_bytes > 0 && bounds.chunk_bytes <= chunk_bytes_max);
    RINGRIFT_CHECK(bounds.credit > 0 && bounds.window > 0 && bounds.streams_per_source > 0);
    for (Source& source : sources) sources_.push_back({.source = std::move(source)});
    // Stream by stream round the sources, so that the first chunks go to all of them.
    for (std::size_t n = 0; n < bounds.streams_per_source; ++n) {
        for (std::size_t at = 0; at < sources_.size(); ++at)
            streams_.push_back({.source = at, .since = now});
    }
}

const NodeId& FetchCourse::node_of(std::size_t stream) const {
    return sources_.at(streams_.at(stream).source).source.node;
}

std::vector<FetchCourse::Step> FetchCourse::next(MonotonicTime now) {
    std::vector<Step> steps;
    for (std::size_t stream = 0; stream < streams_.size(); ++stream) watch(stream, now, steps);
    for (const std::size_t stream : to_close_) steps.push_back(Close{stream});
    to_close_.clear();
    if (begun_) ask_for_chunks(now, steps);
    const bool is_confirmed = std::ranges::any_of(
        streams_, [](const Stream& stream) { return stream.state == State::ready; });
    if (bytes_known_ && is_confirmed && !is_prepared_) {
        is_prepared_ = true;
        steps.push_back(Prepare{bytes_});
    }
    return steps;
}

/// Connects where it is time to, and gives up where nothing has been heard for too long.
void FetchCourse::watch(std::size_t number, MonotonicTime now, std::vector<Step>& steps) {
    Stream& stream = streams_[number];
    const SourceState& source = sources_[stream.source];
    switch (stream.state) {
        case State::closed:
            if (source.is_out || now < stream.since || to_close_.contains(number)) return;
            stream.state = State::connecting;
            stream.is_connected = false;
            stream.has_asked = false;
            stream.since = now;
            steps.push_back(Connect{number});
            return;
        case State::connecting:
            if (now - stream.since <= bounds_.connect_max) return;
            return close(stream,
                         stream.is_connected ? FetchError::stalled : FetchError::unreachable, now);
        case State::asking:
            if (!std::exchange(stream.has_asked, true)) {
                steps.push_back(Say{number,
                                    {.kind = FrameKind::ask,
                                     .request = ++last_request_,
                                     .file = file_,
                                     .route = source.source.route}});
            }
            [[fallthrough]];
        case State::ready:
            const bool is_owed = stream.state == State::asking || !stream.asked.empty();
            if (is_owed && now - stream.heard_at > bounds_.answer_max)
                close(stream, FetchError::stalled, now);
    }
}

void FetchCourse::ask_for_chunks(MonotonicTime now, std::vector<Step>& steps) {
    // One chunk each, until a whole round has asked for nothing.
    for (std::size_t idle = 0; idle < streams_.size(); turn_ = (turn_ + 1) % streams_.size()) {
        const Stream& stream = streams_[turn_];
        const bool can_ask = stream.state == State::ready && stream.asked.size() < bounds_.credit;
        const auto offset = can_ask ? chunk_for(turn_, now) : std::nullopt;
        ++idle;
        if (!offset) continue;
        pull(turn_, *offset, now, steps);
        idle = 0;
    }
}

std::optional<std::int64_t> FetchCourse::chunk_for(std::size_t number, MonotonicTime now) const {
    if (!again_.empty()) return *again_.begin();
    const std::int64_t end =
        written_ + bounds_.chunk_bytes * static_cast<std::int64_t>(bounds_.window);
    if (next_offset_ < std::min(bytes_, end)) return next_offset_;
    const Stream& stream = streams_[number];
    if (!stream.asked.empty()) return {};
    for (const auto& [offset, asked] : asked_) {
        if (asked.streams == 1 && now - asked.at > bounds_.hedge) return offset;
    }
    return {};
}

void FetchCourse::pull(std::size_t number, std::int64_t offset, MonotonicTime now,
                       std::vector<Step>& steps) {
    Stream& stream = streams_[number];
    const auto [asked, is_new] = asked_.try_emplace(offset);
    if (offset == next_offset_)
        next_offset_ += length_at(offset);
    else
        asked_again_ += 1;
    again_.erase(offset);
    asked->second.streams += 1;
    asked->second.at = now;
    if (stream.asked.empty()) stream.heard_at = now;
    stream.asked.insert(offset);
    steps.push_back(Say{number,
                        {.kind = FrameKind::pull,
                         .request = ++last_request_,
                         .offset = offset,
                         .length = length_at(offset),
                         .file = file_,
                         .route = sources_[stream.source].source.route}});
}

std::int64_t FetchCourse::length_at(std::int64_t offset) const {
    return std::min(bounds_.chunk_bytes, bytes_ - offset);
}

void FetchCourse::connected(std::size_t stream) {
    streams_.at(stream).is_connected = true;
}

void FetchCourse::ready(std::size_t number, MonotonicTime now) {
    Stream& stream = streams_.at(number);
    if (stream.state != State::connecting) return;
    stream.state = State::asking;
    stream.is_connected = true;
    stream.since = now;
    stream.heard_at = now;
}

void FetchCourse::lost(std::size_t number, FetchError why, MonotonicTime now) {
    Stream& stream = streams_.at(number);
    if (stream.state != State::closed) close(stream, why, now);
}

void FetchCourse::close(Stream& stream, FetchError why, MonotonicTime now) {
    SourceState& source = sources_[stream.source];
    source.trouble = why;
    // A server that dies while it is being greeted looks like an impostor, but not thrice.
    const bool may_be_chance = why == FetchError::impostor && stream.failures + 1 < greetings_max;
    if (!may_pass(why) && !may_be_chance) source.is_out = true;
    for (const std::int64_t offset : stream.asked) {
        const auto asked = asked_.find(offset);
        if (asked == asked_.end() || --asked->second.streams > 0) continue;
        asked_.erase(asked);
        again_.insert(offset);
    }
    stream.asked.clear();
    const std::int64_t doublings = std::min<std::int64_t>(stream.failures++, 16);
    stream.state = State::closed;
    stream.since =
        now + std::min(bounds_.retry_max, bounds_.retry_first * (std::int64_t{1} << doublings));
    to_close_.insert(static_cast<std::size_t>(&stream - streams_.data()));
}

bool FetchCourse::heard(std::size_t number, const Frame& frame, std::size_t body_bytes,
                        MonotonicTime now) {
    Stream& stream = streams_.at(number);
    if (stream.state != State::asking && stream.state != State::ready) return false;
    stream.heard_at = now;
    switch (frame.kind) {
        case FrameKind::here: hear_size(number, frame.length, now); return false;
        case FrameKind::no: hear_no(number, frame.reason, now); return false;
        case FrameKind::chunk: return hear_chunk(number, frame, body_bytes, now);
        case FrameKind::wait: progress_at_ = now; return false;  // It will be our turn.
        case FrameKind::ask:
        case FrameKind::pull:
        case FrameKind::doubt:
        case FrameKind::serve: break;
    }
    close(stream, FetchError::other_version, now);  // A server does not ask.
    return false;
}

void FetchCourse::hear_size(std::size_t number, std::int64_t bytes, MonotonicTime now) {
    Stream& stream = streams_[number];
    if (bytes_known_ && bytes != bytes_) return close(stream, FetchError::wrong_size, now);
    bytes_known_ = true;
    bytes_ = bytes;
    stream.state = State::ready;
}

void FetchCourse::hear_no(std::size_t number, NoReason reason, MonotonicTime now) {
    close(streams_[number], error_of(reason), now);
}

bool FetchCourse::hear_chunk(std::size_t number, const Frame& frame, std::size_t body_bytes,
                             MonotonicTime now) {
    Stream& stream = streams_[number];
    const bool is_asked = frame.file == file_ && stream.asked.contains(frame.offset) &&
                          frame.length == length_at(frame.offset) &&
                          static_cast<std::int64_t>(body_bytes) == frame.length;
    if (!is_asked) {
        close(stream, FetchError::other_version, now);
        return false;
    }
    stream.asked.erase(frame.offset);
    stream.failures = 0;
    sources_[stream.source].trouble.reset();
    progress_at_ = now;
    const auto asked = asked_.find(frame.offset);
    if (asked == asked_.end()) return false;  // Another was faster.
    asked_.erase(asked);
    here_.insert(frame.offset);
    return true;
}

void FetchCourse::begin(std::int64_t from, MonotonicTime now) {
    begun_ = true;
    written_ = from;
    next_offset_ = from;
    progress_at_ = now;
}

void FetchCourse::written(std::int64_t up_to) {
    written_ = up_to;
    here_.erase(here_.begin(), here_.lower_bound(up_to));
}

std::optional<FetchFailure> FetchCourse::failure(MonotonicTime now) const {
    const bool all_out = std::ranges::all_of(sources_, &SourceState::is_out);
    // While all that was asked for has come, we wait for our own disk.
    const bool waits_for_disk = begun_ && asked_.empty() && again_.empty() && !here_.empty();
    if (waits_for_disk && next_offset_ >= bytes_) return {};
    const bool is_late = now - progress_at_ > bounds_.patience && !waits_for_disk;
    if (complete() || (!all_out && !is_late)) return {};
    FetchFailure failure = {.error = FetchError::unreachable};
    for (const SourceState& source : sources_) {
        const FetchError trouble = source.trouble.value_or(FetchError::stalled);
        if (weight_of(trouble) > weight_of(failure.error)) failure.error = trouble;
        failure.sentence += (failure.sentence.empty() ? "" : ", ") + source.source.node.value +
                            ": " + std::string(name_of(trouble));
    }
    if (sources_.empty()) failure.sentence = "no node that has it can be asked";
    failure.sentence = "cannot fetch " + file_.value + " (" + failure.sentence + "); " +
                       std::string(advice_for(failure.error));
    return failure;
}

}  // namespace ringrift::bus
