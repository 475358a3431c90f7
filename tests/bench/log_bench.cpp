// How fast events are written, read and kept: text, memory, SQLite.

#include "bus/codec.hpp"
#include "bus/json.hpp"
#include "bus/memory_log.hpp"
#include "bus/sqlite_log.hpp"
#include "tests/bench/closed_loop.hpp"
#include "tests/bench/measure.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

std::vector<Event> events_of_a_loop(std::size_t count) {
    std::vector<Event> events;
    for (Recorded& recorded : bench::ClosedLoop({}).run(count))
        events.push_back(std::move(recorded.event));
    return events;
}

struct FreshLog {
    tests::TemporaryFolder folder;
    std::unique_ptr<SqliteLog> log = std::move(SqliteLog::open(folder / "log")).value();
};

void append_all(Log& log, std::span<const Event> events, std::size_t batch) {
    for (std::size_t at = 0; at < events.size(); at += batch) {
        const auto part = events.subspan(at, std::min(batch, events.size() - at));
        if (!log.append(part).ok()) std::abort();
    }
}

void bench_append(bench::Table& table, std::span<const Event> events) {
    for (const std::size_t batch : {1, 64, 1024}) {
        const std::size_t full = batch == 1 ? 2'000 : 100'000;
        const auto some = events.first(std::min(events.size(), bench::size(full, 500)));
        table.add_prepared(
            "sqlite: append, durable, batches of " + std::to_string(batch), some.size(),
            [] { return FreshLog(); },
            [&](FreshLog& fresh) { append_all(*fresh.log, some, batch); },
            batch == 64 ? 20'000 : 0);
    }
}

/// Reads the whole log in pages of 1000.
void read_all(Log& log, std::size_t expected) {
    Position position = 0;
    for (auto batch = log.read(0, 1000); batch && !batch->empty();
         batch = log.read(position, 1000)) {
        position += batch->size();
        bench::keep(*batch);
    }
    if (position != expected) std::abort();
}

void bench_sqlite(bench::Table& table, std::span<const Event> events) {
    bench_append(table, events);
    const FreshLog fresh;
    const auto& log = fresh.log;
    append_all(*log, events, 1024);
    table.add("sqlite: read and decode, pages of 1000", events.size(),
              [&] { read_all(*log, events.size()); });
    const auto reader = std::move(log->reader()).value();
    const std::size_t asked = bench::size(5'000, 50);
    table.add("sqlite: GET /events?key= (answers)", asked, [&] {
        for (std::size_t i = 0; i < asked; ++i) {
            const std::string work(about(events[i * 7919 % events.size()]));
            if (reader->read_filtered(0, {.about = work}, 100).value().empty()) std::abort();
        }
    });
}

}  // namespace

int main() {
    const auto events = events_of_a_loop(bench::size(200'000, 2'000));
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    for (const Event& event : events) bytes += texts.emplace_back(encode(event)).size();
    bench::Table table("the log, events of " + std::to_string(bytes / events.size()) + " bytes");
    table.add("encode", events.size(), [&] {
        for (const Event& event : events) bench::keep(encode(event));
    });
    table.add("decode", events.size(), [&] {
        for (const std::string& text : texts) bench::keep(decode(text));
    });
    table.add("memory: append", events.size(), [&] {
        MemoryLog log;
        if (!log.append(events).ok()) std::abort();
    });
    bench_sqlite(table, events);
}
