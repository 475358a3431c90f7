#include "producers/election_driver.hpp"

#include <algorithm>

namespace ringrift::producers {
namespace {

/// One thing leads to the next: vote, election, fold, first beacon. The rest can wait a round.
constexpr int turns_per_round_max = 8;

}  // namespace

bus::Result<bus::Done, std::string> ElectionDriver::start(ElectionSettings settings,
                                                          bus::Instant now) {
    auto ballot = load_ballot(store_);
    if (!ballot) return ballot.error();
    election_.emplace(std::move(settings), std::move(*ballot), now);
    return bus::Done{};
}

void ElectionDriver::see(LogState log, bus::Instant now) {
    const projections::LeadershipView& view = folded_.view.leadership;
    election_->see({.epoch = view.epoch,
                    .leader = view.leader,
                    .voters = view.voters,
                    .voters_changed = view.voters_changed,
                    .folded = folded_.position,
                    .end = std::max(log.end, folded_.position),
                    .readable = log.usable},
                   now);
}

ElectionDriver::Round ElectionDriver::round(std::span<const bus::Letter> letters, LogState log,
                                            const projections::HostView& host, bus::Time time,
                                            bus::Instant now) {
    Round round;
    see(log, now);
    for (const bus::Letter& letter : letters) election_->hear(letter, now);
    round.done = letters.size();
    for (int turn = 0; turn < turns_per_round_max; ++turn) {
        election_->tick(now);
        ElectionEffects effects = election_->take();
        if (effects.empty()) break;
        carry_out(std::move(effects), round, host, time, now);
        ++round.done;
        see(log, now);
    }
    return round;
}

bool ElectionDriver::leads(bus::Instant now) const {
    if (!election_ || !election_->leads(now)) return false;
    const projections::LeadershipView& view = folded_.view.leadership;
    const LogSight& seen = election_->log();
    return view.epoch == seen.epoch && view.leader == seen.leader &&
           view.voters_changed == seen.voters_changed;
}

void ElectionDriver::carry_out(ElectionEffects effects, Round& round,
                               const projections::HostView& host, bus::Time time,
                               bus::Instant now) {
    bool may_speak = true;
    if (effects.save) {
        const auto kept = save_ballot(store_, *effects.save);
        may_speak = kept.ok();
        if (kept)
            election_->saved();
        else
            election_->not_saved(kept.error(), now);
    }
    if (may_speak && wire_ != nullptr) {
        for (bus::Letter& letter : effects.letters) wire_->send(std::move(letter));
    }
    // Before a new reign, perhaps the own one, begins.
    if (effects.step_down) {
        const auto handled = handler_.handle(*effects.step_down, host, time);
        round.log_failed |= handled.outcome == CommandHandler::Outcome::unavailable ||
                            handled.outcome == CommandHandler::Outcome::halted;
    }
    if (may_speak && effects.lead) append(*effects.lead, round, host, time, now);
}

void ElectionDriver::append(const Lead& lead, Round& round, const projections::HostView& host,
                            bus::Time time, bus::Instant now) {
    const auto handled = handler_.handle(lead, host, time);
    switch (handled.outcome) {
        case CommandHandler::Outcome::appended: election_->appended(handled.position); break;
        case CommandHandler::Outcome::refused:
            election_->not_appended(handled.refusal.sentence, now);
            break;
        case CommandHandler::Outcome::unavailable:
        case CommandHandler::Outcome::halted:
            round.log_failed = true;
            election_->not_appended("it is not known whether it was written", now);
            break;
    }
}

}  // namespace ringrift::producers
