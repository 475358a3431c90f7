#include "projections/postgres_store.hpp"

#include <array>
#include <charconv>

#include "bus/facts.hpp"
#include "bus/json_text.hpp"
#include "projections/migrations.hpp"
#include "projections/snapshot.hpp"
#include "projections/sql_statements.hpp"

namespace ringrift::projections {
namespace {

using Why = PostgresTrouble::Why;

/// Raise it when rows are made differently from the same views.
constexpr int rows_format = 1;
constexpr std::size_t text_bytes_max = 1000;           // In columns of events that have an index.
constexpr bus::Position partition_events = 1'000'000;  // As in 0003_events.sql.

/// One event as a row of `events`. The text lives as long as this does.
class EventRow {
  public:
    static const PostgresWork::CopyColumns& columns() {
        static const PostgresWork::CopyColumns names = {
            "position", "id",     "type",        "noun",      "about",  "time",
            "epoch",    "source", "correlation", "causation", "payload"};
        return names;
    }

    void fill(const bus::Recorded& recorded, PostgresWork::CopyRow& row) {
        const bus::Event& event = recorded.event;
        cells_ = {cell_of(recorded.position),
                  cut(event.id.value),
                  cut(type_of(event)),
                  cut(noun_of(event)),
                  cut(about(event)),
                  cell_of(event.time),
                  cell_of(event.epoch),
                  cut(event.source.value),
                  cut_unless_empty(event.correlation.value),
                  cut_unless_empty(event.causation.value)};
        payload_.clear();
        if (const auto* unread = std::get_if<bus::Unread>(&event.fact))
            bus::append_json_string(payload_, unread->text);
        else
            bus::write_fact(payload_, event.fact);
        for (std::size_t i = 0; i < cells_.size(); ++i) {
            row[i] = cells_[i] ? cells_[i]->c_str() : nullptr;
        }
        row.back() = payload_.c_str();
    }

  private:
    static SqlCell cut(std::string_view text) {
        std::size_t size = std::min(text.size(), text_bytes_max);
        while (size < text.size() && size > 0 &&
               (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
            --size;
        return sql_text(text.substr(0, size));
    }
    static SqlCell cut_unless_empty(std::string_view text) {
        return text.empty() ? SqlCell() : cut(text);
    }
    std::array<SqlCell, 10> cells_;
    std::string payload_;
};

/// False when the tables do not stand where the portion begins.
bool move_position(PostgresWork& work, const Portion& portion, const std::string& cluster) {
    const std::string from = std::to_string(portion.from);
    const std::string to = std::to_string(portion.to);
    const std::string event = sql_text(portion.events.back().event.id.value);
    const std::string format = tables_format();
    const PostgresWork::Value values[] = {to.c_str(), event.c_str(), cluster.c_str(),
                                          format.c_str(), from.c_str()};
    return work.run(
                   "update positions set position = $1, event = $2, cluster = $3, format = $4, "
                   "updated_at = clock_timestamp() where name = 'tables' and position = $5",
                   values)
               .affected == 1;
}

void make_room(PostgresWork& work, const Portion& portion) {
    const std::string first = std::to_string(portion.from + 1);
    const std::string last = std::to_string(portion.to);
    const PostgresWork::Value values[] = {first.c_str(), last.c_str()};
    work.run("select events_make_room($1, $2)", values);
}

}  // namespace

std::string tables_format() {
    return std::to_string(rows_format) + "/" + std::to_string(snapshot_format);
}

bool is_newer_format(const std::string& format) {
    const auto number_from = [&](std::size_t at) {
        int number = 0;
        std::from_chars(format.data() + std::min(at, format.size()), format.data() + format.size(),
                        number);
        return number;
    };
    const int rows = number_from(0);
    const int folds =
        number_from(format.find('/') == std::string::npos ? format.size() : format.find('/') + 1);
    return rows > rows_format || folds > snapshot_format;
}

PostgresResult<std::unique_ptr<PostgresStore>> PostgresStore::open(const PostgresAddress& address) {
    auto opened = Postgres::open(address);
    if (!opened) return opened.error();
    auto postgres = *std::move(opened);
    const auto fits =
        postgres->transact([&](PostgresWork& work) { return check_migrations(work, address); });
    if (!fits) return fits.error();
    return std::unique_ptr<PostgresStore>(new PostgresStore(std::move(postgres)));
}

PostgresResult<Stored> PostgresStore::load() {
    Stored stored;
    const auto done = postgres_->transact([&](PostgresWork& work) -> PostgresResult<bus::Done> {
        const auto rows = work.run(
                                  "select position, event, cluster, format from positions "
                                  "where name = 'tables'")
                              .rows;
        if (rows.size() != 1) {
            return PostgresTrouble{Why::unfit,
                                   "the table positions has no row; fill the tables anew with "
                                   "'ringrift project --rebuild'"};
        }
        stored = {.position = std::stoull(rows[0][0].value_or("0")),
                  .event = rows[0][1].value_or(""),
                  .cluster = rows[0][2].value_or(""),
                  .format = rows[0][3].value_or("")};
        return bus::Done{};
    });
    if (!done) return done.error();
    return stored;
}

PostgresResult<bus::Done> PostgresStore::write(const Portion& portion, const std::string& cluster) {
    if (portion.events.empty()) return bus::Done{};
    bool made_room = false;
    const auto done = postgres_->transact([&](PostgresWork& work) -> PostgresResult<bus::Done> {
        if (!move_position(work, portion, cluster)) {
            return PostgresTrouble{Why::moved, "another projector writes these tables"};
        }
        if (portion.to > room_) make_room(work, portion), made_room = true;
        EventRow event;
        work.copy(
            "events", EventRow::columns(), portion.events.size(),
            [&](std::size_t i, PostgresWork::CopyRow& row) { event.fill(portion.events[i], row); });
        for (const SqlChange& change : portion.changes) write_change(work, change);
        return bus::Done{};
    });
    if (done && made_room) room_ = (portion.to / partition_events + 1) * partition_events - 1;
    return done;
}

}  // namespace ringrift::projections
