#pragma once

// Who leads: the protocol, as a machine that does nothing itself. Letters, the log's record and the
// time go in; what must be kept, sent and appended comes out (`take`), in that order. The shell is
// producers/election_driver.hpp.
//
//   follower ──silence──▶ asks "would you?" ──majority──▶ votes, asks "do you?" ──majority──▶
//   appends LEADER_ELECTED ──folded, and it holds──▶ leads while a majority answers its beacons
//
// Elections. Whoever has heard no leader for a promise, is a voter and has caught up with the log
// asks the others, first without consequence (trial: nobody remembers it), then for their vote for
// `epoch = current + 1`. A voter votes once in each (epoch, round), keeps that in its ballot before
// it answers, and for nobody while it hears a live leader. Rounds only let a split vote be tried
// again: which candidate holds is decided by the fold, the first in the log with a majority.
//
// Leading. LEADER_ELECTED folded back is the right to lead, a lease the permission to act. The
// lease is made of promises: each granted beacon reply is one, a voter has one promise to one
// leader at a time, and a majority of running ones is a lease. Two majorities have a voter in
// common (also when a voter was added or removed in between), so that two nodes never have a lease
// at the same time: producers/election_times.hpp has the inequality and what it assumes. A leader
// whose lease runs out has stopped leading for good and says so.
//
// What frees a promise early: the leader's own word that its reign is over (a letter or the log; a
// restarted leader says so too, for it is a follower), or proof that its process has ended
// (`gone`). Mere silence does not.
//
// Who may vote: the voters in the log; before it names any, `founders`, whom the first election
// then names. Without founders the log belongs to this machine alone and the node elects itself.
//
// One thread. Everything is a function of the inputs and the seed.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/letter.hpp"
#include "producers/ballot.hpp"
#include "producers/command.hpp"
#include "producers/election_times.hpp"

namespace ringrift::producers {

struct ElectionSettings {
    bus::NodeId self = {};
    std::vector<bus::NodeId> founders = {};  ///< 1, 3 or 5; empty on the embedded log.
    bus::NodeId preferred = {};              ///< Stands earlier than the others; never an override.
    ElectionTimes times = {};
    std::uint64_t seed = 0;  ///< Of the moments at which this node stands.
};

/// What the log says, and how far this node has read it.
struct LogSight {
    bus::Epoch epoch = 0;
    bus::NodeId leader = {};  ///< Empty before the first, and after a step-down.
    std::vector<bus::NodeId> voters = {};
    bus::Position voters_changed = 0;
    bus::Position folded = 0;
    bus::Position end = 0;
    bool readable = true;  ///< Whether it takes and gives events now.
    friend bool operator==(const LogSight&, const LogSight&) = default;
};

/// What is to be done now. If `save` fails, nothing else of it may be done but `step_down`.
struct ElectionEffects {
    std::optional<Ballot> save = {};
    std::vector<bus::Letter> letters = {};  ///< Each to one other voter, or to the leader.
    std::optional<Lead> lead = {};
    std::optional<StepDown> step_down = {};
    bool empty() const { return !save && letters.empty() && !lead && !step_down; }
};

struct Reign {
    bus::Epoch epoch = 0;
    bus::NodeId leader = {};
    friend bool operator==(const Reign&, const Reign&) = default;
};

class Election {
  public:
    /// REQUIRES: times without a fault.
    Election(ElectionSettings settings, Ballot remembered, bus::Instant now);

    void see(const LogSight& log, bus::Instant now);
    /// Messages that are not about leadership are skipped. REQUIRES: `now` was read after the
    /// letter had arrived, since promises are counted from it.
    void hear(const bus::Letter& letter, bus::Instant now);
    void tick(bus::Instant now);
    /// A person wants another leader: who leads resigns, else the leader is asked to, else this
    /// node stands.
    void force(std::string reason, bus::Instant now);
    /// This node stops in good order: it leads no more and does not stand.
    void retire(std::string reason, bus::Instant now);
    /// There is proof that the process which led in this epoch has ended. Suspicion is none.
    void gone(bus::Epoch epoch, bus::Instant now);

    ElectionEffects take();
    /// What became of `save` and `lead`.
    void saved();
    void not_saved(std::string why, bus::Instant now);
    void appended(bus::Position position);
    void not_appended(std::string why, bus::Instant now);

    /// Whether this node may act as leader at this very moment. Ask again for each action.
    bool leads(bus::Instant now) const;
    /// As last seen. A lease is one of these voters: when others have been folded since, it is
    /// none.
    const LogSight& log() const { return log_; }
    /// Of the reign that it leads in, lease or not; 0 for none.
    bus::Epoch own_epoch() const { return own_epoch_; }
    /// The leader, while this node leads or is bound to one that it hears; empty for none.
    bus::NodeId heard_leader(bus::Instant now) const;
    /// A leader that is silent for longer than it should be: prove it dead, if it is.
    std::optional<Reign> doubted(bus::Instant now) const;
    /// Why there is no leader, as a sentence for /status and /ready; empty while there is one.
    std::string trouble(bus::Instant now) const;
    std::int64_t elections_begun() const { return elections_begun_; }

  private:
    enum class Stance { follower, trying, voting, appending, leader };

    /// The present attempt to become leader.
    struct Candidature {
        bus::Epoch epoch = 0;
        std::int64_t round = 0;
        std::vector<bus::NodeId> votes = {};
        bus::Instant until = {};
    };

    // election.cpp: the frame
    const std::vector<bus::NodeId>& electorate() const;
    bool is_voter(const bus::NodeId& node) const;
    bool is_alone() const;
    void send(const bus::NodeId& to, bus::Message message);
    void send_to_others(const bus::Message& message);
    void enter_reign(bus::Instant now);
    bool may_stand(bus::Instant now) const;
    bool is_behind() const { return log_.end > log_.folded + settings_.times.behind_max; }
    bool knows_of_later_reign() const;
    bus::Duration draw();
    void back_to_follower(bus::Duration rest, bus::Instant now);

    // election_votes.cpp: candidate and voter
    void try_to_stand(bus::Instant now);
    void ask(bool trial, bus::Instant now);
    void count(bus::Instant now);
    std::int64_t next_round(bus::Epoch epoch) const;
    std::string why_no_vote(const bus::VoteRequest& request, const bus::NodeId& from,
                            bus::Instant now) const;
    void on(const bus::VoteRequest& request, const bus::NodeId& from, bus::Instant now);
    void on(const bus::VoteReply& reply, const bus::NodeId& from, bus::Instant now);

    // election_reign.cpp: promises and leases
    bool is_bound(bus::Instant now) const;
    bool follow(bus::Epoch epoch, const bus::NodeId& from, bus::Instant now);
    void begin_reign(bus::Instant now);
    void follow_itself(bus::Instant now);
    void await_answers(bus::Instant now);
    void lead_on(bus::Instant now);
    bus::Instant lease_until(bus::Instant now) const;
    /// Stops leading. `said` in the log as well, unless the log knows better already.
    void end_reign(std::string reason, bool said, bus::Instant now);
    void note_over(bus::Epoch epoch);
    void on(const bus::Beacon& beacon, const bus::NodeId& from, bus::Instant now);
    void on(const bus::BeaconReply& reply, const bus::NodeId& from, bus::Instant now);
    void on(const bus::Resignation& resignation, const bus::NodeId& from, bus::Instant now);
    void on(const bus::StepDownRequest& request, const bus::NodeId& from, bus::Instant now);
    template <class Message>
    void on(const Message&, const bus::NodeId&, bus::Instant) {}

    // election_trouble.cpp
    std::string silent_voters(bus::Instant now) const;
    std::string unanswering_voters(bus::Instant now) const;
    std::size_t answering(bus::Instant now) const;

    const ElectionSettings settings_;
    const std::vector<bus::NodeId> only_self_;
    const bus::Instant started_at_;
    std::uint64_t chance_;
    LogSight log_;
    bool has_seen_ = false;
    bool retired_ = false;
    ElectionEffects effects_;

    Ballot ballot_;
    Ballot kept_;                    ///< As the store has it.
    bus::Instant bound_until_ = {};  ///< The promise to `ballot_.follows`.
    std::optional<bus::Instant> heard_leader_at_ = {};
    std::set<bus::Epoch> over_;  ///< Reigns known to have ended, each by itself; the last few.

    Stance stance_ = Stance::follower;
    Candidature candidature_;
    std::optional<bus::Instant> stand_at_ = {};
    bus::Instant rest_until_ = {};  ///< Does not stand before.
    bus::Epoch stood_for_ = 0;      ///< The last epoch for which this process has won a vote.
    bus::Position awaited_ = 0;     ///< Of its LEADER_ELECTED, until that is folded; 0 for none.
    bus::Epoch seen_epoch_ = 0;     ///< The latest round that others voted in,
    std::int64_t seen_round_ = 0;   ///< for this epoch.

    bus::Epoch own_epoch_ = 0;
    bus::Instant elected_at_ = {};
    bool had_lease_ = false;           ///< Since it was elected or the voters changed;
    bus::Instant patient_until_ = {};  ///< until then it may be without.
    bus::Instant beacon_at_ = {};
    bus::Instant reminder_at_ = {};  ///< Of "I do not lead any more", while the log says it does.
    std::map<bus::NodeId, bus::Instant> acks_;  ///< When the last beacon was sent that it granted.

    std::map<bus::NodeId, bus::Instant> heard_at_;  ///< Any letter of a voter.
    std::string not_saved_;                         ///< Why; empty when the last one was.
    bus::Instant save_again_at_ = {};
    bool saves_ = true;  ///< False after a failure until it is time to try again.
    std::string not_appended_;
    std::string refusal_;  ///< The last, with who gave it.
    std::int64_t elections_begun_ = 0;
};

}  // namespace ringrift::producers
