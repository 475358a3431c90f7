#pragma once

// Several voters in one process: the real election, driver, handler and fold of each, one log, one
// post, and a true time that each sees through a clock of its own. For transcripts and properties.
//
// A member that is down has lost all but its store; one that is paused goes on with its state when
// it wakes, while its clock went on. Everything that happens is told to `said`, one line each.

#include <map>
#include <memory>
#include <sstream>

#include "bus/memory_log.hpp"
#include "producers/election_driver.hpp"
#include "tests/quiet_world.hpp"
#include "tests/simulation/faulty_log.hpp"
#include "tests/simulation/faulty_wire.hpp"

namespace ringrift::tests {

/// A node's way to the log: cut, behind, or losing answers.
class WayToLog final : public simulation::LogDecorator {
  public:
    explicit WayToLog(bus::Log& log) : LogDecorator(log) {}
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        if (away) return bus::AppendError::unavailable;
        auto appended = inner_.append(events);
        if (loses_answers) return bus::AppendError::unavailable;
        return appended;
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override {
        if (away) return bus::ReadError::unavailable;
        if (!frozen) return inner_.read(after, max);
        return inner_.read(after, std::min<std::size_t>(max, *frozen - std::min(*frozen, after)));
    }
    std::string trouble() const override { return away ? "the test took the log away" : ""; }

    bool away = false;
    bool loses_answers = false;
    std::optional<bus::Position> frozen = {};  ///< Shows no more than this.
};

struct Member {
    Member(bus::NodeId node, bus::Log& log) : id(std::move(node)), way(log) {}

    const bus::NodeId id;
    SmallStore store = {};
    WayToLog way;
    bool paused = false;
    std::int64_t rate_ppm = 0;  ///< Of its clock, against true time.
    bus::Duration offset = {};
    std::int64_t starts = 0;

    /// What dies with the process.
    struct Life {
        Life(const bus::NodeId& self, Member& member, bus::Wire& to_others)
            : wire(to_others),
              handler(self, member.way, folded),
              driver(handler, folded, member.store, &to_others) {
            host.self = self;
        }
        bus::Wire& wire;
        projections::Folded<projections::ClusterView> folded;
        producers::CommandHandler handler;
        producers::ElectionDriver driver;
        projections::HostView host;
        std::int64_t said = 0;
    };
    std::unique_ptr<Life> life = {};

    bus::Instant clock(bus::Duration true_time) const {
        return bus::Instant(offset + true_time + true_time * rate_ppm / 1'000'000);
    }
    bool is_up() const { return life != nullptr; }
    producers::Election& election() { return life->driver.election(); }
    const producers::Election& election() const { return life->driver.election(); }
};

struct AssemblySettings {
    std::vector<bus::NodeId> founders = {};
    bus::NodeId preferred = {};
    producers::ElectionTimes times = {};
    std::uint64_t seed = 1;
    /// Leaders say something so often, as long as they believe to lead; 0 never.
    bus::Duration leaders_say = {};
};

class Assembly {
  public:
    explicit Assembly(AssemblySettings settings)
        : faults(simulation::Random(settings.seed, "wire")),
          post(faults.fate()),
          settings_(std::move(settings)) {
        post.watch = [this](const bus::Letter& letter) {
            if (on_letter) on_letter(letter);
        };
        for (const bus::NodeId& founder : settings_.founders) add(founder);
    }

    /// A node that is not there yet, with a clock of its own.
    Member& add(const bus::NodeId& id) {
        auto& member = members_[id];
        member = std::make_unique<Member>(id, log);
        member->offset = std::chrono::hours(std::int64_t(members_.size()));
        return *member;
    }
    Member& at(const bus::NodeId& id) { return *members_.at(id); }
    const std::map<bus::NodeId, std::unique_ptr<Member>>& members() const { return members_; }

    void start(const bus::NodeId& id) {
        Member& member = at(id);
        member.paused = false;
        member.life = std::make_unique<Member::Life>(id, member, post.wire(id));
        const auto now = member.clock(passed());
        const auto started = member.life->driver.start(
            {.self = id,
             .founders = settings_.founders,
             .preferred = settings_.preferred,
             .times = settings_.times,
             .seed = settings_.seed ^ simulation::Random::hash_of(id.value) ^
                     std::uint64_t(++member.starts * 7919)},
            now);
        RINGRIFT_CHECK(started.ok());
        join(member);
    }
    void kill(const bus::NodeId& id) {
        at(id).life.reset();
        post.unplug(id);
    }

    bus::Duration passed() const { return post.passed(); }
    bus::Time time() const { return bus::Time(std::chrono::hours(24 * 365 * 50)) + passed(); }

    /// True time passes; then everyone who is up and not paused has a round.
    void step(bus::Duration by) {
        post.pass(by);
        for (auto& [id, member] : members_) {
            if (member->is_up() && !member->paused) round(*member);
        }
    }

    /// Who would act as leader at this true time, paused or not.
    std::vector<bus::NodeId> believers() const {
        std::vector<bus::NodeId> found;
        for (const auto& [id, member] : members_) {
            if (member->is_up() && member->life->driver.leads(member->clock(passed())))
                found.push_back(id);
        }
        return found;
    }

    producers::CommandHandler::Handled ask(Member& member, const producers::Command& command) {
        auto& life = *member.life;
        life.host.may_lead = life.driver.leads(member.clock(passed()));
        return life.handler.handle(command, life.host, time());
    }

    bus::MemoryLog log;
    simulation::FaultyWire faults;
    bus::MemoryPost post;
    std::function<void(const bus::Letter&)> on_letter = {};
    std::function<void(const Member&)> after_round = {};

  private:
    void join(Member& member) {
        if (!member.life->handler.catch_up(SIZE_MAX)) return;
        const auto joined = ask(member, producers::JoinCluster{{.node = member.id,
                                                                .incarnation = member.starts,
                                                                .capacity = {.slots = 1, .cpus = 1},
                                                                .voter = true}});
        RINGRIFT_CHECK(joined.outcome != producers::CommandHandler::Outcome::halted);
    }
    void round(Member& member) {
        auto& life = *member.life;
        const auto letters = life.wire.take();
        const auto now = member.clock(passed());
        const bool readable = life.handler.catch_up(SIZE_MAX);
        const auto end = log.last();
        member.life->driver.round(letters, {.usable = readable, .end = *end}, life.host, time(),
                                  now);
        if (settings_.leaders_say > bus::Duration(0) && readable) speak(member, now);
        if (after_round) after_round(member);
    }
    /// Something that only a leader may say, with its authority.
    void speak(Member& member, bus::Instant now) {
        if (!member.life->driver.leads(now)) return;
        const auto period = now.time_since_epoch() / settings_.leaders_say;
        if (std::exchange(member.life->said, period) == period) return;
        const std::string hash =
            member.id.value + "-" + std::to_string(member.starts) + "-" + std::to_string(period);
        const auto handled = ask(member, producers::ChangeConfig{{.hash = hash}});
        RINGRIFT_CHECK(handled.outcome != producers::CommandHandler::Outcome::halted);
    }

    const AssemblySettings settings_;
    std::map<bus::NodeId, std::unique_ptr<Member>> members_;
};

}  // namespace ringrift::tests
