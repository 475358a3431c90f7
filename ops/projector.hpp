#pragma once

// The projector: writes the log and its views into PostgreSQL, in a thread of its own, and follows.
//
// The cluster never waits for it. When PostgreSQL is away it tries again, ever more seldom, and
// then catches up from the position that stands in the tables. Tables that an older program filled
// are filled anew beside the live ones and swapped in. Any number may run: the tables take each
// event from one of them, and the others stand by until they no longer move. `start`, `stop` and
// the destructor belong to the owner's thread, `pulse` to any.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "bus/log.hpp"
#include "ops/pulse.hpp"
#include "projections/postgres_store.hpp"

namespace ringrift::ops {

struct ProjectorSettings {
    projections::PostgresAddress address = {};
    std::string cluster = "main";
    std::string program = {};      ///< Its version.
    bool rebuild = false;          ///< Fill the tables anew before anything else.
    bool until_caught_up = false;  ///< End when all that the log holds is written.
    bool end_if_refused =
        false;  ///< End, rather than try again, until PostgreSQL was once reached.
    std::size_t portion_events_max = 10'000;
    std::size_t portion_bytes_max = 16 * 1024 * 1024;  ///< Of the events' text, about.
    bus::Duration back_off_first = std::chrono::milliseconds(250);
    bus::Duration back_off_max = std::chrono::seconds(15);
    /// A log of another process tells no news: it is looked at so often.
    bus::Duration look_every = std::chrono::milliseconds(200);
    /// How often one that stands by looks whether the tables still move.
    bus::Duration stand_by = std::chrono::seconds(5);
    /// Between two small portions, so that they are not all of one event.
    bus::Duration gather = std::chrono::milliseconds(20);
};

class Projector {
  public:
    using Trouble = projections::PostgresTrouble;
    using Start = projections::Folded<projections::ClusterView>;

    /// `log` is read on the projector's thread alone, and outlives it. `start` is a shortcut, used
    /// when the tables are not behind it.
    Projector(ProjectorSettings settings, bus::Log& log, Start start = {});
    ~Projector();
    Projector(const Projector&) = delete;
    Projector& operator=(const Projector&) = delete;

    void start();
    /// Waits for the thread. What was being written is written or not, as a whole.
    void stop();
    /// Until it ends by itself, or the time is over. True when it has ended.
    bool wait_for_end(bus::Duration at_most);

    /// True once all that the log held when asked is in the tables; false when the time is over.
    bool wait_until_caught_up(bus::Position log_last, bus::Duration at_most);

    ProjectorPulse pulse() const;
    /// Why it ended by itself; empty when it did not, or in good order.
    std::optional<Trouble> failure() const;

  private:
    enum class Goal { follow, catch_up };
    template <class T>
    using Result = projections::PostgresResult<T>;

    void run();
    Result<bus::Done> work_on();
    Result<bus::Done> rebuild();
    /// Until the tables have stood still for a look though the log has more, or cannot be reached.
    void stand_by();
    std::optional<bus::Position> position_there();
    Result<bus::Done> project(std::unique_ptr<projections::PostgresStore> store, Goal goal);
    Result<bus::Done> stand_at(const projections::Stored& stored);
    Result<bus::Done> check_is_this_log(const projections::Stored& stored);
    Result<bus::Done> go_on(projections::PostgresStore& store, Goal goal);
    /// Nothing to write: sees now and then whether PostgreSQL is still there.
    Result<bus::Done> idle(projections::PostgresStore& store);
    Result<bool> fold_next();
    Result<bus::Done> write_first(projections::PostgresStore& store);
    void note_written();
    Trouble log_trouble() const;
    void note(const Trouble& trouble);
    void note_state(std::string state);
    void note_log_end();
    /// Until woken, stopped or the time is over.
    void rest(bus::Duration at_most);
    /// The same, whether woken or not.
    void pause(bus::Duration at_most);
    void note_good();
    bool is_stopping() const;

    const ProjectorSettings settings_;
    bus::Log& log_;
    Start shortcut_;

    // The projector's thread alone.
    std::unique_ptr<projections::SqlProjection> projection_;
    /// Folded, and perhaps not written, oldest first. One is written while the next is folded.
    std::deque<projections::Portion> pending_;
    bool rebuild_due_ = false;
    bool rebuilding_ = false;
    bool reached_ = false;     ///< The tables stood open, and fitted, once.
    bus::Time asked_at_ = {};  ///< When PostgreSQL last answered.
    std::string said_;         ///< The last trouble, so that it is said once.

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    ProjectorPulse pulse_;
    std::optional<Trouble> failure_;
    projections::PostgresStore* in_use_ = nullptr;  ///< To interrupt; the thread's own.
    bool stopping_ = false;
    bool ended_ = false;
    bool woken_ = false;

    std::thread thread_;
};

}  // namespace ringrift::ops
