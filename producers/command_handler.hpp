#pragma once

// The shell around every decider, once for all nouns: decide on the newest view, put the facts into
// their envelopes, append them, and fold them back before anybody acts on them.
//
// Belongs to the node's thread, which also owns the view and the log it is given.

#include <map>
#include <string>
#include <vector>

#include "bus/log.hpp"
#include "producers/command.hpp"
#include "projections/folded.hpp"

namespace ringrift::producers {

class CommandHandler {
  public:
    CommandHandler(bus::NodeId self, bus::Log& log,
                   projections::Folded<projections::ClusterView>& folded);

    enum class Outcome {
        appended,     ///< The facts stand in the log and in the view.
        refused,      ///< Nothing was said; `refusal` says why.
        unavailable,  ///< Not known whether they were written: the next round decides again.
        halted        ///< The log takes nothing more (full, damaged, denied): a person must look.
    };
    struct Handled {
        Outcome outcome = Outcome::refused;
        Refusal refusal = {};
        bus::Position position = 0;  ///< Of the last event appended.
        std::size_t events = 0;      ///< Appended.
    };

    /// Folds what is new, decides, appends, folds back.
    [[nodiscard]] Handled handle(const Command& command, const projections::HostView& host,
                                 bus::Time now);

    /// Folds everything that is new; false when the log cannot be read now.
    [[nodiscard]] bool catch_up(std::size_t count_max);

    /// Whether all that this node knows to have said is folded: a reader may be behind its own
    /// writer.
    bool shows_all_said() const { return folded_.position >= said_; }

    /// How often each kind of refusal was given.
    const std::map<std::string, std::int64_t>& refusals() const { return refusals_; }
    /// How often each kind of AppendError or ReadError came.
    const std::map<std::string, std::int64_t>& failures() const { return failures_; }

  private:
    bus::Event envelope(const Draft& draft, bus::Time now) const;
    bool in_doubt() const;
    Handled append_claims();
    Handled append(const std::vector<bus::Event>& events);

    const bus::NodeId self_;
    bus::Log& log_;
    projections::Folded<projections::ClusterView>& folded_;
    bus::Position said_ = 0;               ///< The last event that this node knows to have said.
    std::vector<bus::Event> claims_ = {};  ///< Those that may or may not stand in the log.
    std::map<std::string, std::int64_t> refusals_;
    std::map<std::string, std::int64_t> failures_;
};

/// UPPER or snake names for people: `not_leader` …
std::string_view name_of(Refusal::Kind kind);
std::string_view name_of(bus::AppendError error);

/// Events folded at a time, so that a long catch-up can be interrupted between two.
inline constexpr std::size_t fold_batch_max = 4096;

}  // namespace ringrift::producers
