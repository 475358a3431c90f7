#include "producers/election.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"

namespace ringrift::producers {

Election::Election(ElectionSettings settings, Ballot remembered, bus::Instant now)
    : settings_(std::move(settings)),
      only_self_({settings_.self}),
      started_at_(now),
      chance_(settings_.seed),
      ballot_(std::move(remembered)),
      kept_(ballot_) {
    RINGRIFT_CHECK(fault_of(settings_.times).empty());
    // What was promised before a restart is still promised; to whom one was oneself, nobody is.
    if (ballot_.follows == settings_.self)
        note_over(ballot_.follows_epoch);
    else if (!ballot_.follows.empty())
        bound_until_ = now + settings_.times.promise;
}

const std::vector<bus::NodeId>& Election::electorate() const {
    if (!log_.voters.empty()) return log_.voters;
    return settings_.founders.empty() ? only_self_ : settings_.founders;
}

bool Election::is_voter(const bus::NodeId& node) const {
    return std::ranges::find(electorate(), node) != electorate().end();
}

bool Election::is_alone() const {
    return electorate().size() == 1 && is_voter(settings_.self);
}

void Election::send(const bus::NodeId& to, bus::Message message) {
    effects_.letters.push_back({.from = settings_.self, .to = to, .message = std::move(message)});
}

void Election::send_to_others(const bus::Message& message) {
    for (const bus::NodeId& voter : electorate()) {
        if (voter != settings_.self) send(voter, message);
    }
}

void Election::see(const LogSight& log, bus::Instant now) {
    const bool is_new_reign = log.epoch > log_.epoch;
    const bool is_first = !std::exchange(has_seen_, true);
    const bool other_voters = log.voters != log_.voters;
    if (log != log_) log_ = log;
    if (own_epoch_ != 0 && other_voters) await_answers(now);
    const bool is_others = !log_.leader.empty() && log_.leader != settings_.self;
    if (is_first && is_others && ballot_.follows.empty() && !settings_.founders.empty()) {
        // A voter without a memory may have lost it, and with it a promise to this leader.
        ballot_.follows_epoch = log_.epoch;
        ballot_.follows = log_.leader;
        bound_until_ = now + settings_.times.promise;
    }
    if (log_.leader.empty() && log_.epoch > 0) note_over(log_.epoch);
    if (is_new_reign && !is_first) enter_reign(now);
    if (own_epoch_ != 0 && log_.leader != settings_.self)
        end_reign("the log says that it stepped down", false, now);
    if (own_epoch_ != 0 && !is_voter(settings_.self))
        end_reign("it is not a voter any more", true, now);
    const bool is_void = stance_ == Stance::appending && awaited_ != 0 && log_.folded >= awaited_;
    if (is_void) back_to_follower({}, now);
}

/// The log names another reign than before.
void Election::enter_reign(bus::Instant now) {
    if (own_epoch_ != 0 && own_epoch_ < log_.epoch)
        end_reign("epoch " + std::to_string(log_.epoch) + " has begun", false, now);
    const bool is_own = log_.leader == settings_.self && stood_for_ == log_.epoch;
    if (is_own && !retired_) return begin_reign(now);
    // Whoever was elected gets the time to say so itself.
    if (candidature_.epoch <= log_.epoch && stance_ != Stance::leader)
        back_to_follower(is_alone() ? bus::Duration() : 2 * settings_.times.beacon, now);
}

void Election::hear(const bus::Letter& letter, bus::Instant now) {
    if (letter.from == settings_.self || retired_) return;
    if (is_voter(letter.from)) heard_at_[letter.from] = now;
    std::visit([&](const auto& message) { on(message, letter.from, now); }, letter.message);
}

void Election::tick(bus::Instant now) {
    saves_ = saves_ || now >= save_again_at_;
    if (own_epoch_ != 0) return lead_on(now);
    if (retired_) return;
    const bool is_on_record = log_.leader == settings_.self && stood_for_ != log_.epoch;
    if ((is_on_record || over_.contains(log_.epoch)) && log_.leader == settings_.self) {
        note_over(log_.epoch);
        if (now >= reminder_at_) {
            reminder_at_ = now + settings_.times.beacon;
            send_to_others(bus::Resignation{.epoch = log_.epoch, .reason = "it leads no more"});
        }
    }
    const bool is_candidate = stance_ != Stance::follower;
    if (is_candidate && now >= candidature_.until) back_to_follower({}, now);
    if (stance_ == Stance::follower) try_to_stand(now);
}

bool Election::may_stand(bus::Instant now) const {
    return has_seen_ && is_voter(settings_.self) && log_.readable && !is_behind() &&
           !knows_of_later_reign() && !is_bound(now) && now >= rest_until_;
}

/// Than what it has read: whom it voted for or followed had read more of the log. Who stood all the
/// same would take back its later vote.
bool Election::knows_of_later_reign() const {
    return ballot_.epoch > log_.epoch + 1 || ballot_.follows_epoch > log_.epoch;
}

/// SplitMix64; no distribution of the library, since those differ.
bus::Duration Election::draw() {
    chance_ += 0x9E3779B97F4A7C15U;
    std::uint64_t bits = chance_;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    bits ^= bits >> 31;
    const auto spread = static_cast<std::uint64_t>(settings_.times.spread.count()) + 1;
    const bool gives_way = is_voter(settings_.preferred) && settings_.preferred != settings_.self;
    return bus::Duration(static_cast<bus::Duration::rep>(bits % spread)) +
           (gives_way ? settings_.times.head_start : bus::Duration());
}

void Election::back_to_follower(bus::Duration rest, bus::Instant now) {
    stance_ = Stance::follower;
    awaited_ = 0;
    stand_at_.reset();
    rest_until_ = std::max(rest_until_, now + rest);
}

void Election::force(std::string reason, bus::Instant now) {
    if (own_epoch_ != 0) return end_reign(std::move(reason), true, now);
    const bool is_led = !over_.contains(log_.epoch) && !log_.leader.empty();
    if (is_led) send(log_.leader, bus::StepDownRequest{.epoch = log_.epoch, .reason = reason});
    rest_until_ = now;
    stand_at_ = now;
}

void Election::retire(std::string reason, bus::Instant now) {
    if (own_epoch_ != 0) end_reign(std::move(reason), true, now);
    retired_ = true;
    back_to_follower({}, now);
}

void Election::gone(bus::Epoch epoch, bus::Instant now) {
    if (epoch == 0 || epoch == own_epoch_) return;
    note_over(epoch);
    if (stance_ == Stance::follower) try_to_stand(now);
}

ElectionEffects Election::take() {
    ElectionEffects effects = std::exchange(effects_, {});
    if (ballot_ == kept_) return effects;
    if (saves_) {
        effects.save = ballot_;
        return effects;
    }
    // Nothing leaves that may rest on what is not kept.
    return {.step_down = std::move(effects.step_down)};
}

void Election::saved() {
    kept_ = ballot_;
    not_saved_.clear();
}

void Election::not_saved(std::string why, bus::Instant now) {
    not_saved_ = std::move(why);
    saves_ = false;
    save_again_at_ = now + settings_.times.append;
    if (own_epoch_ == 0) back_to_follower(settings_.times.append, now);
}

void Election::appended(bus::Position position) {
    // It stands in the log and only has to become visible. To stand again would say it twice.
    awaited_ = position;
    candidature_.until += settings_.times.visible;
}

void Election::not_appended(std::string why, bus::Instant now) {
    not_appended_ = std::move(why);
    // Perhaps it was written. Should the log show it, it holds all the same.
    if (stance_ == Stance::appending) back_to_follower(settings_.times.append, now);
}

}  // namespace ringrift::producers
