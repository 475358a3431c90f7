#include "producers/command_handler.hpp"

#include <algorithm>
#include <limits>

namespace ringrift::producers {

std::string_view name_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::not_leader: return "not_leader";
        case Refusal::Kind::unknown: return "unknown";
        case Refusal::Kind::duplicate: return "duplicate";
        case Refusal::Kind::not_held: return "not_held";
        case Refusal::Kind::nothing_waits: return "nothing_waits";
        case Refusal::Kind::no_room: return "no_room";
        case Refusal::Kind::behind: return "behind";
        case Refusal::Kind::held_back: return "held_back";
        case Refusal::Kind::id_taken: return "id_taken";
        case Refusal::Kind::node_rests: return "node_rests";
        case Refusal::Kind::not_open: return "not_open";
        case Refusal::Kind::invalid: return "invalid";
    }
    return "invalid";
}

std::string_view name_of(bus::AppendError error) {
    switch (error) {
        case bus::AppendError::unavailable: return "append_unavailable";
        case bus::AppendError::full: return "append_full";
        case bus::AppendError::too_large: return "append_too_large";
        case bus::AppendError::refused: return "append_refused";
    }
    return "append_refused";
}

CommandHandler::CommandHandler(bus::NodeId self, bus::Log& log,
                               projections::Folded<projections::ClusterView>& folded)
    : self_(std::move(self)), log_(log), folded_(folded) {}

CommandHandler::Handled CommandHandler::handle(const Command& command,
                                               const projections::HostView& host, bus::Time now) {
    if (!catch_up(std::numeric_limits<std::size_t>::max()))
        return {.outcome = Outcome::unavailable};
    // A reader may be behind its own writer. Most facts are named after their cause, so that to say
    // one again changes nothing; but what is free is counted anew for each claim, and would be
    // given twice, and an item does not come back while another of its dedup key is open.
    const bool claims =
        std::holds_alternative<ClaimWork>(command) || std::holds_alternative<ShareOutWork>(command);
    const bool needs_all = claims || std::holds_alternative<UnparkWork>(command);
    if (claims && in_doubt()) {
        const Handled settled = append_claims();
        if (in_doubt()) return settled;
    }
    const Sight sight = {.cluster = folded_.view, .host = host, .now = now};
    Decision decision =
        needs_all && !shows_all_said()
            ? Refusal{.kind = Refusal::Kind::behind,
                      .sentence = "the log does not show yet what was said last; ask again"}
            : decide(sight, command);
    if (const auto* refusal = std::get_if<Refusal>(&decision)) {
        ++refusals_[std::string(name_of(refusal->kind))];
        return {.outcome = Outcome::refused, .refusal = *refusal};
    }
    std::vector<bus::Event> events;
    for (const Draft& draft : std::get<std::vector<Draft>>(decision)) {
        events.push_back(envelope(draft, now));
    }
    if (!claims) return append(events);
    claims_ = std::move(events);
    return append_claims();
}

/// Claims of a reign that is over are folded by now, or void wherever they come.
bool CommandHandler::in_doubt() const {
    return !claims_.empty() && claims_.front().epoch == folded_.view.leadership.epoch;
}

/// Until the log has answered they are said again: it knows an event by its id, and finds it where
/// it stands or writes it. Then it need only be read so far, and what is free can be counted.
CommandHandler::Handled CommandHandler::append_claims() {
    const Handled handled = append(claims_);
    const bool answered = handled.outcome == Outcome::refused || handled.position > 0;
    if (answered) claims_.clear();
    return handled;
}

CommandHandler::Handled CommandHandler::append(const std::vector<bus::Event>& events) {
    if (events.empty()) return {.outcome = Outcome::appended, .position = folded_.position};
    const auto appended = log_.append(events);
    if (!appended) {
        ++failures_[std::string(name_of(appended.error()))];
        if (appended.error() == bus::AppendError::too_large) {
            // Nothing is wrong with the log: one oversized event must not keep the rest from being
            // said.
            const Refusal refusal = {.kind = Refusal::Kind::invalid, .sentence = log_.trouble()};
            ++refusals_[std::string(name_of(refusal.kind))];
            return {.outcome = Outcome::refused, .refusal = refusal};
        }
        const bool unknown = appended.error() == bus::AppendError::unavailable;
        return {.outcome = unknown ? Outcome::unavailable : Outcome::halted};
    }
    said_ = std::max(said_, appended->positions.back());
    // Acting on it before it is folded back would be acting on a claim that another has won.
    const bool folded = catch_up(std::numeric_limits<std::size_t>::max());
    return {.outcome = folded ? Outcome::appended : Outcome::unavailable,
            .position = appended->positions.back(),
            .events = events.size()};
}

bool CommandHandler::catch_up(std::size_t count_max) {
    std::size_t total = 0;
    while (total < count_max) {
        const auto folded =
            projections::catch_up(folded_, log_, std::min(fold_batch_max, count_max - total));
        if (!folded) {
            ++failures_[folded.error() == bus::ReadError::damaged ? "read_damaged"
                                                                  : "read_unavailable"];
            return false;
        }
        if (*folded == 0) return true;
        total += *folded;
    }
    return true;
}

bus::Event CommandHandler::envelope(const Draft& draft, bus::Time now) const {
    bus::Event event = {.id = draft.id,
                        .source = self_,
                        .time = now,
                        .correlation = draft.correlation.empty() ? draft.id : draft.correlation,
                        .causation = draft.causation,
                        .fact = draft.fact};
    const bool is_leaders = std::visit(
        [](const auto& fact) {
            if constexpr (bus::is_readable<decltype(fact)>) {
                return fact.info.authority == bus::Authority::leader;
            } else {
                return false;
            }
        },
        draft.fact);
    if (is_leaders) event.epoch = folded_.view.leadership.epoch;
    return event;
}

}  // namespace ringrift::producers
