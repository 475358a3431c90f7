#include "ops/projector.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <future>

#include "bus/codec.hpp"
#include "ops/system_clock.hpp"
#include "projections/postgres_rebuild.hpp"

namespace ringrift::ops {
namespace {

using projections::Portion;
using projections::PostgresStore;
using projections::SqlProjection;
using projections::Stored;
using Why = projections::PostgresTrouble::Why;

constexpr std::size_t page_events = 1000;  // Read at once; so many of the largest are 1 GiB.

constexpr bus::Duration ask_every = std::chrono::seconds(5);  // Of a PostgreSQL that nothing is
                                                              // written to.

}  // namespace

Projector::Projector(ProjectorSettings settings, bus::Log& log, Start start)
    : settings_(std::move(settings)),
      log_(log),
      shortcut_(std::move(start)),
      rebuild_due_(settings_.rebuild) {
    pulse_.state = "connecting";
    pulse_.address = projections::without_password(settings_.address.url);
}

Projector::~Projector() {
    stop();
}

void Projector::start() {
    log_.on_news([this] {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    });
    thread_ = std::thread([this] { run(); });
}

void Projector::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (in_use_ != nullptr) in_use_->interrupt();
        changed_.notify_all();
    }
    if (!thread_.joinable()) return;
    thread_.join();
    log_.on_news({});
}

void Projector::rest(bus::Duration at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return stopping_ || woken_; });
    woken_ = false;
}

void Projector::pause(bus::Duration at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return stopping_; });
}

/// Sessions, with ever longer rests between those that end badly.
void Projector::run() {
    bus::Duration back_off = settings_.back_off_first;
    std::int64_t portions_before = 0;
    while (!is_stopping()) {
        const auto result = work_on();
        if (result || is_stopping()) break;
        if (result.error().why == Why::moved && !settings_.until_caught_up) {
            stand_by();
            continue;
        }
        note(result.error());
        const std::int64_t portions = pulse().portions;
        const bool may_pass = reached_ || result.error().why == Why::moved;
        if (settings_.end_if_refused && !may_pass) {
            const std::lock_guard lock(mutex_);
            failure_ = result.error();
            break;
        }
        if (portions > portions_before) back_off = settings_.back_off_first;
        portions_before = portions;
        for (const bus::Time until = wall_clock() + back_off;
             wall_clock() < until && !is_stopping();) {
            note_log_end();
            rest(std::min<bus::Duration>(back_off, until - wall_clock()));
        }
        back_off = std::min(2 * back_off, settings_.back_off_max);
    }
    const std::lock_guard lock(mutex_);
    pulse_.state = "ended";
    pulse_.connected = false;
    ended_ = true;
    changed_.notify_all();
}

void Projector::stand_by() {
    spdlog::debug("[P2P] Projector stands by: another one writes these tables");
    note_state("standing_by");
    std::optional<bus::Position> before;
    while (!is_stopping()) {
        pause(settings_.stand_by);
        note_log_end();
        const auto there = position_there();
        if (!there || (before == there && *there < pulse().log_last)) return;
        before = there;
    }
}

/// Of the tables, as anybody may ask; empty when they cannot be asked.
std::optional<bus::Position> Projector::position_there() {
    const auto store = PostgresStore::open(settings_.address);
    if (!store) return {};
    const auto stored = (*store)->load();
    if (!stored) return {};
    const std::lock_guard lock(mutex_);
    pulse_.position = stored->position;
    changed_.notify_all();
    return stored->position;
}

/// Done when stopped, or when there is no more to do.
Projector::Result<bus::Done> Projector::work_on() {
    rebuilding_ = false;
    note_state("connecting");
    note_log_end();
    auto store = PostgresStore::open(settings_.address);
    if (!store) return store.error();
    const auto stored = (*store)->load();
    if (!stored) return stored.error();
    if (projections::is_newer_format(stored->format)) {
        return Trouble{Why::unfit, "the tables were filled by a newer ringrift (format " +
                                       stored->format + "); use that one"};
    }
    if (!stored->format.empty() && stored->format != projections::tables_format()) {
        spdlog::info("[P2P] Projector fills the tables anew: they are of format {}, not {}",
                     stored->format, projections::tables_format());
        rebuild_due_ = true;
    }
    if (rebuild_due_) {
        if (auto rebuilt = rebuild(); !rebuilt || is_stopping()) return rebuilt;
        store = PostgresStore::open(settings_.address);
        if (!store) return store.error();
    }
    return project(*std::move(store), settings_.until_caught_up ? Goal::catch_up : Goal::follow);
}

Projector::Result<bus::Done> Projector::rebuild() {
    rebuilding_ = true;
    note_state("rebuilding");
    auto store = projections::open_next(settings_.address, settings_.program);
    if (!store) return store.error();
    auto filled = project(*std::move(store), Goal::catch_up);
    if (!filled && filled.error().why == Why::unfit) {
        if (auto gone = projections::drop_next(settings_.address); !gone) return gone;
    }
    if (!filled || is_stopping()) return filled;
    if (auto swapped = projections::swap_in_next(settings_.address); !swapped) return swapped;
    rebuild_due_ = false;
    rebuilding_ = false;
    spdlog::info("[P2P] Projector has filled the tables anew position={}", projection_->position());
    const std::lock_guard lock(mutex_);
    ++pulse_.rebuilds;
    return bus::Done{};
}

Projector::Result<bus::Done> Projector::project(std::unique_ptr<PostgresStore> store, Goal goal) {
    const auto use = [this](PostgresStore* in_use) {
        const std::lock_guard lock(mutex_);
        in_use_ = in_use;
        if (in_use != nullptr && stopping_) in_use->interrupt();
    };
    use(store.get());
    auto result = go_on(*store, goal);
    use(nullptr);
    return result;
}

Projector::Result<bus::Done> Projector::go_on(PostgresStore& store, Goal goal) {
    const auto stored = store.load();
    if (!stored) return stored.error();
    if (auto stands = stand_at(*stored); !stands) return stands;
    note_good();
    while (!is_stopping()) {
        const auto more = pending_.empty() ? fold_next() : Result<bool>(true);
        if (!more) return more.error();
        if (*more) {
            const bool is_small = pending_.front().events.size() < settings_.portion_events_max / 2;
            if (auto written = write_first(store); !written) return written;
            if (is_small && goal == Goal::follow) pause(settings_.gather);
        } else if (goal == Goal::catch_up) {
            return bus::Done{};
        } else if (auto still = idle(store); !still) {
            return still;
        }
    }
    return bus::Done{};
}

Projector::Result<bus::Done> Projector::idle(PostgresStore& store) {
    note_state("following");
    rest(settings_.look_every);
    if (wall_clock() - asked_at_ < ask_every) return bus::Done{};
    const auto stored = store.load();
    if (!stored) return stored.error();
    asked_at_ = wall_clock();
    if (stored->position == projection_->position()) return bus::Done{};
    return Trouble{Why::moved, "another projector writes these tables"};
}

/// The fold comes to where the tables are; what is folded and not written is kept if it follows.
Projector::Result<bus::Done> Projector::stand_at(const Stored& stored) {
    {
        const std::lock_guard lock(mutex_);
        pulse_.connected = true;
        pulse_.position = stored.position;
        changed_.notify_all();
    }
    if (!stored.cluster.empty() && stored.cluster != settings_.cluster) {
        return Trouble{Why::unfit, "the tables are of cluster '" + stored.cluster + "', not of '" +
                                       settings_.cluster +
                                       "'; give another database or --postgres-schema"};
    }
    if (auto same = check_is_this_log(stored); !same) return same;
    while (!pending_.empty() && pending_.front().to <= stored.position) pending_.pop_front();
    if (!pending_.empty() && pending_.front().from == stored.position) return bus::Done{};
    pending_.clear();
    if (!projection_ || projection_->position() > stored.position) {
        const bool is_of_use = shortcut_.position <= stored.position;
        projection_ = std::make_unique<SqlProjection>(is_of_use ? shortcut_ : Start{});
    }
    note_state("folding");
    while (projection_->position() < stored.position && !is_stopping()) {
        const auto count =
            std::min<bus::Position>(page_events, stored.position - projection_->position());
        const auto batch = log_.read(projection_->position(), count);
        if (!batch) return log_trouble();
        if (batch->empty()) return log_trouble();
        projection_->skip(*batch);
    }
    return bus::Done{};
}

Projector::Result<bus::Done> Projector::check_is_this_log(const Stored& stored) {
    if (stored.position == 0) return bus::Done{};
    // Reading goes first: a log that nobody read for a while may not know how far it has come.
    const auto batch = log_.read(stored.position - 1, 1);
    const std::string trouble = log_.trouble();
    const auto last = log_.last();
    if (!last) return log_trouble();
    const bool is_shorter = *last < stored.position;
    if (!batch && !is_shorter)
        return Trouble{Why::unavailable, "the log cannot be read: " + trouble};
    const bool is_there = batch && !batch->empty();
    const bool is_same =
        is_there && projections::sql_text(batch->front().event.id.value) == stored.event;
    if (is_same) return bus::Done{};
    return Trouble{Why::unfit,
                   fmt::format("the tables are of another log: they stand at event {} ({}), which "
                               "this log, of {} events, {}; give another --postgres-schema, or "
                               "fill them anew with 'ringrift project --rebuild'",
                               stored.position, stored.event, *last,
                               is_there ? "has another event for" : "does not have")};
}

/// Reads and folds; false when the log has nothing new.
Projector::Result<bool> Projector::fold_next() {
    bus::Batch events;
    std::size_t bytes = 0;
    while (events.size() < settings_.portion_events_max && bytes < settings_.portion_bytes_max) {
        const bus::Position after = projection_->position() + events.size();
        const auto room = settings_.portion_events_max - events.size();
        auto page = log_.read(after, std::min(page_events, room));
        if (!page) return log_trouble();
        for (const bus::Recorded& recorded : *page) {
            bytes += bus::encoded_bytes_at_most(recorded.event);
        }
        const bool is_last = page->size() < page_events;
        std::move(page->begin(), page->end(), std::back_inserter(events));
        if (is_last) break;
    }
    if (events.empty()) {
        note_log_end();
        return false;
    }
    pending_.push_back(projection_->fold(std::move(events)));
    return true;
}

/// While there is much to do, PostgreSQL writes one portion and this thread folds the next.
Projector::Result<bus::Done> Projector::write_first(PostgresStore& store) {
    const Portion& first = pending_.front();
    const auto write = [&] { return store.write(first, settings_.cluster); };
    if (first.events.size() < settings_.portion_events_max || pending_.size() > 1) {
        auto written = write();
        if (written) note_written();
        return written;
    }
    auto writing = std::async(std::launch::async, write);
    const auto more = fold_next();
    auto written = writing.get();
    if (!written) return written;
    note_written();
    if (!more) return more.error();
    return written;
}

}  // namespace ringrift::ops
