#include "bus/transfer/file_fetch.hpp"

#include <sys/eventfd.h>

#include "bus/transfer/chunk_writer.hpp"
#include "bus/transfer/source_stream.hpp"

namespace ringrift::bus {
namespace {

// How soon a deadline of the course and a stop are noticed.
constexpr std::chrono::milliseconds tick = std::chrono::milliseconds(20);

std::vector<FetchCourse::Source> sources_of(const FetchOrder& order) {
    std::vector<FetchCourse::Source> sources;
    for (const FileSource& source : order.sources) {
        sources.push_back(
            {.node = source.node,
             .route = source.is_relayed ? std::string(source.node.value) : std::string()});
    }
    return sources;
}

class Fetch {
  public:
    Fetch(const FetchOrder& order, const FetchSetting& setting, const MonotonicClock& now,
          std::stop_token stop, PartialFile file)
        : order_(order),
          setting_(setting),
          now_(now),
          stop_(std::move(stop)),
          file_(std::move(file)),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          context_(setting.network_threads),
          course_(order.file, order.bytes, sources_of(order), setting.bounds, now()),
          streams_(course_.streams()) {}

    FetchResult run() {
        while (!course_.complete()) {
            if (stop_.stop_requested()) return stopped();
            const auto failure = take_steps();
            if (failure) return *failure;
            wait();
            hear();
            if (writer_) course_.written(writer_->written());
            if (writer_ && writer_->failure()) return *writer_->failure();
        }
        writer_.reset();
        const auto finished = file_.finish(evidence());
        if (finished) {
            fetched_.bytes = course_.bytes();
            fetched_.chunks_asked_again = course_.chunks_asked_again();
            return fetched_;
        }
        if (finished.error().error == FetchError::mismatch) say_doubt();
        return finished.error();
    }

  private:
    FetchFailure stopped() const {
        return {.error = FetchError::stopped,
                .sentence = "stopped while fetching " + order_.file.value + "; " +
                            std::string(advice_for(FetchError::stopped))};
    }

    /// Does what the course wants. A failure ends the fetch.
    std::optional<FetchFailure> take_steps() {
        const MonotonicTime now = now_();
        for (const FetchCourse::Step& step : course_.next(now)) {
            if (const auto* open = std::get_if<FetchCourse::Connect>(&step)) {
                connect(open->stream);
            } else if (const auto* close = std::get_if<FetchCourse::Close>(&step)) {
                streams_[close->stream].reset();
            } else if (const auto* say = std::get_if<FetchCourse::Say>(&step)) {
                auto& stream = streams_[say->stream];
                if (stream && !stream->say(say->frame))
                    course_.lost(say->stream, FetchError::stalled, now);
            } else if (const auto* prepare = std::get_if<FetchCourse::Prepare>(&step)) {
                const auto from = file_.prepare(prepare->bytes, stop_);
                if (!from) return from.error();
                fetched_.bytes_resumed = *from;
                course_.begin(*from, now_());
                writer_.emplace(file_, *from, prepare->bytes, wake_.get());
            }
        }
        return course_.failure(now_());
    }

    void connect(std::size_t number) {
        const FileSource& source = order_.sources[number % order_.sources.size()];
        try {
            // Named anew each time, so that a former one may still be closing.
            streams_[number].emplace(context_, source.server, setting_.keys,
                                     "stream-" + std::to_string(++opened_));
        } catch (const zmq::error_t&) {
            streams_[number].reset();
            course_.lost(number, FetchError::unreachable, now_());
        }
    }

    void wait() {
        std::vector<zmq::pollitem_t> items = {{nullptr, wake_.get(), ZMQ_POLLIN, 0}};
        for (auto& stream : streams_) {
            if (!stream) continue;
            items.push_back(stream->messages());
            items.push_back(stream->news());
        }
        try {
            zmq::poll(items, tick);
        } catch (const zmq::error_t&) {  // Interrupted by a signal.
            return;
        }
        eventfd_t ignored = 0;
        if ((items.front().revents & ZMQ_POLLIN) != 0) ::eventfd_read(wake_.get(), &ignored);
    }

    void hear() {
        const MonotonicTime now = now_();
        for (std::size_t number = 0; number < streams_.size(); ++number) {
            auto& stream = streams_[number];
            if (!stream) continue;
            const SourceStream::News news = stream->take_news();
            if (news.connected) course_.connected(number);
            if (news.ready) course_.ready(number, now);
            // What came before the connection was lost has come.
            while (true) {
                auto parts = stream->receive();
                if (parts.empty()) break;
                hear(number, parts, now);
            }
            if (news.lost) course_.lost(number, *news.lost, now);
        }
    }

    void hear(std::size_t number, std::vector<zmq::message_t>& parts, MonotonicTime now) {
        const auto frame = decode_frame(parts.front().to_string_view());
        if (!frame || parts.size() > 2) return course_.lost(number, FetchError::other_version, now);
        const std::size_t body_bytes = parts.size() == 2 ? parts[1].size() : 0;
        if (!course_.heard(number, *frame, body_bytes, now)) return;
        fetched_.bytes_from[course_.node_of(number)] += frame->length;
        writer_->put(frame->offset, std::move(parts[1]));
    }

    std::string evidence() const {
        std::string text = std::to_string(fetched_.bytes_resumed) + " from an earlier try";
        for (const auto& [node, bytes] : fetched_.bytes_from)
            text += ", " + std::to_string(bytes) + " from " + node.value;
        return text;
    }

    void say_doubt() {
        std::uint64_t request = 0;
        for (std::size_t number = 0; number < streams_.size(); ++number) {
            auto& stream = streams_[number];
            if (!stream || number >= order_.sources.size()) continue;  // Once to each source.
            const FileSource& source = order_.sources[number];
            stream->linger();
            const bool said = stream->say(
                {.kind = FrameKind::doubt,
                 .request = ++request,
                 .file = order_.file,
                 .route = source.is_relayed ? std::string(source.node.value) : std::string()});
            if (!said) stream.reset();
        }
    }

    const FetchOrder& order_;
    const FetchSetting& setting_;
    const MonotonicClock& now_;
    const std::stop_token stop_;
    PartialFile file_;
    const UniqueFd wake_;
    zmq::context_t context_;
    FetchCourse course_;
    std::vector<std::optional<SourceStream>> streams_;
    std::optional<ChunkWriter> writer_;
    std::int64_t opened_ = 0;
    Fetched fetched_;
};

}  // namespace

FetchResult fetch_file(const FetchOrder& order, const FetchSetting& setting,
                       const MonotonicClock& now, std::stop_token stop) {
    if (!is_digest(order.file)) {
        return FetchFailure{.error = FetchError::no_such_file,
                            .sentence = "'" + order.file.value + "' is no digest of a file"};
    }
    auto partial = PartialFile::open(setting.place, order.file);
    if (!partial) return partial.error();
    return Fetch(order, setting, now, std::move(stop), std::move(*partial)).run();
}

}  // namespace ringrift::bus
