// Append through NatsLog against a plain asynchronous publisher of libnats: the same texts, on the
// same server, in the same run. What NatsLog adds (encoding, labels, checks, the answer of each)
// may cost a tenth.

#include <nats/nats.h>

#include <algorithm>
#include <functional>

#include "bus/codec.hpp"
#include "bus/nats_log.hpp"
#include "bus/subjects.hpp"
#include "tests/bench/measure.hpp"
#include "tests/process/nats_server.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t batch = 1000;  // What a leader says at once when a thousand workers ask.

std::vector<Event> claims(std::size_t count, int round) {
    std::vector<Event> events;
    const Time begin = *time_from_text("2025-12-28T10:00:00.123Z");
    for (std::size_t i = 0; i < count; ++i) {
        Event event;
        event.id = {"0192f3a4-" + std::to_string(10 + round) + "6c-7d8e-9f00-" +
                    std::to_string(100'000'000'000 + i)};
        event.source = {"gpu-" + std::to_string(i % 100)};
        event.time = begin + Duration(i);
        event.epoch = 7;
        event.causation = {"0192f3a4-5b6c-7d8e-9f00-" + std::to_string(100'000'000'000 + i)};
        event.fact = WorkClaimed{.work = {"selfplay-hex5_2p-" + std::to_string(i)},
                                 .node = {"gpu-" + std::to_string(i % 100)}};
        events.push_back(std::move(event));
    }
    return events;
}

/// js_PublishMsgAsync as its manual has it, bounded as the reference measurements were.
class PlainPublisher {
  public:
    explicit PlainPublisher(const std::string& url) {
        if (natsConnection_ConnectTo(&connection_, url.c_str()) != NATS_OK) std::abort();
        jsOptions options;
        jsOptions_Init(&options);
        options.PublishAsync.MaxPending = 4096;
        options.PublishAsync.StallWait = 10'000;
        if (natsConnection_JetStream(&jetstream_, connection_, &options) != NATS_OK) std::abort();
    }
    ~PlainPublisher() {
        jsCtx_Destroy(jetstream_);
        natsConnection_Destroy(connection_);
    }
    PlainPublisher(const PlainPublisher&) = delete;
    PlainPublisher& operator=(const PlainPublisher&) = delete;

    void publish(const std::vector<NatsLetter>& letters, std::size_t wait_each) {
        jsPubOptions options;
        jsPubOptions_Init(&options);
        options.MaxWait = 30'000;
        for (std::size_t i = 0; i < letters.size(); ++i) {
            const NatsLetter& letter = letters[i];
            natsMsg* message = nullptr;
            natsMsg_Create(&message, letter.subject.c_str(), nullptr, letter.text.data(),
                           static_cast<int>(letter.text.size()));
            options.MsgId = letter.message_id.c_str();
            if (js_PublishMsgAsync(jetstream_, &message, &options) != NATS_OK) std::abort();
            if ((i + 1) % wait_each == 0) complete(options);
        }
        complete(options);
    }

  private:
    void complete(jsPubOptions& options) {
        if (js_PublishAsyncComplete(jetstream_, &options) != NATS_OK) std::abort();
    }
    natsConnection* connection_ = nullptr;
    jsCtx* jetstream_ = nullptr;
};

std::vector<NatsLetter> letters_of(const std::vector<Event>& events) {
    std::vector<NatsLetter> letters;
    for (const Event& event : events)
        letters.push_back({.subject = subject_of(event, "main"),
                           .message_id = encode_token(event.id.value),
                           .text = encode(event, "main")});
    return letters;
}

void append_all(NatsLog& log, std::span<const Event> events, std::size_t each) {
    for (std::size_t at = 0; at < events.size(); at += each) {
        if (log.append(events.subspan(at, std::min(each, events.size() - at)))) continue;
        std::fprintf(stderr, "append: %s\n", log.trouble().c_str());
        std::abort();
    }
}

bench::Taken taken(const std::function<void()>& body) {
    return bench::measure(body);
}

/// Rounds of both by turns, so that what else the machine does meets both alike.
struct Side {
    std::string name;
    std::function<bench::Taken(int round)> run;
    std::vector<double> rates = {};
    std::vector<double> processor_rates = {};  ///< Of this process, without the server's.
};

/// Rounds are numbered from behind `round`, so that no id comes twice.
void compare(std::vector<Side>& sides, std::size_t count, int round) {
    for (int i = 0; i < bench::runs; ++i) {
        for (Side& side : sides) {
            const bench::Taken time = side.run(++round);
            side.rates.push_back(static_cast<double>(count) / time.seconds);
            side.processor_rates.push_back(static_cast<double>(count) / time.processor_seconds);
        }
    }
    const double ours = bench::median(sides.front().rates);
    const double ours_of_processor = bench::median(sides.front().processor_rates);
    for (Side& side : sides) {
        const auto [slowest, fastest] = std::minmax_element(side.rates.begin(), side.rates.end());
        std::printf("| %-56s | %9.0f | %9.0f | %9.0f | %5.2f | %9.0f | %5.2f |\n",
                    side.name.c_str(), bench::median(side.rates), *slowest, *fastest,
                    ours / bench::median(side.rates), bench::median(side.processor_rates),
                    ours_of_processor / bench::median(side.processor_rates));
    }
}

void bench_single(NatsLog& log, std::size_t count) {
    const auto events = claims(count, 80);
    std::vector<double> waits;
    for (const Event& event : events)
        waits.push_back(taken([&] {
                            if (!log.append(std::span(&event, 1))) std::abort();
                        }).seconds);
    std::sort(waits.begin(), waits.end());
    std::printf("one event at a time: p50 %.0f us, p99 %.0f us\n", waits[waits.size() / 2] * 1e6,
                waits[waits.size() * 99 / 100] * 1e6);
}

}  // namespace

int main() {
    // E.g. "sync_interval: always", with RINGRIFT_NATS_SERVER a server that knows it.
    const char* jetstream = std::getenv("RINGRIFT_NATS_JETSTREAM");
    const tests::NatsServer server({.jetstream = jetstream == nullptr ? "" : jetstream});
    NatsConnection connection({.servers = {server.url()}, .name = "bench"});
    NatsLog log(connection, {.append_wait = 30s});
    if (!log.wait_ready(30s)) std::abort();
    const std::size_t count = bench::size(100'000, 2'000);
    std::printf("append through NATS, one server, claims of %zu bytes (%s%s; median of %d)\n",
                encode(claims(1, 1).front()).size(), bench::machine().c_str(),
                bench::is_smoke() ? "; smoke size" : "", bench::runs);
    std::printf("| %-56s | %9s | %9s | %9s | %5s | %9s | %5s |\n", "", "per s", "slowest",
                "fastest", "ratio", "per CPU s", "ratio");
    std::printf("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    PlainPublisher plain(server.url());
    const auto of_plain = [&](PlainPublisher& publisher, std::size_t wait_each) {
        return [&publisher, wait_each, count](int round) {
            const auto letters = letters_of(claims(count, round));
            return taken([&] { publisher.publish(letters, wait_each); });
        };
    };
    const auto of_log = [&](std::size_t each) {
        return [&log, each, count](int round) {
            const auto events = claims(count, round);
            return taken([&] { append_all(log, events, each); });
        };
    };
    std::vector<Side> in_batches = {
        {"NatsLog::append, batches of 1000, encoding included", of_log(batch)},
        {"js_PublishMsgAsync, complete after each 1000", of_plain(plain, batch)}};
    std::vector<Side> at_once = {
        {"NatsLog::append, all in one call, encoding included", of_log(count)},
        {"js_PublishMsgAsync, never waiting before the end", of_plain(plain, count)}};
    compare(in_batches, count, 0);
    compare(at_once, count, 20);
    bench_single(log, bench::size(2'000, 100));
}
