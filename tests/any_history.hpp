#pragma once

// Random histories of a whole cluster: every type of event, about so few names that they meet, by
// leaders that mostly reign and on behalf of claims that mostly hold. Some of it is absurd.
//
// Names and texts are what SQL, JSON and UTF-8 find hard. The same seed tells the same.

#include "projections/cluster_view.hpp"
#include "projections/folded.hpp"
#include "tests/any_event.hpp"
#include "tests/speaker.hpp"

namespace ringrift::tests {

/// What names look like where somebody means harm, or types on a strange keyboard.
inline const std::vector<std::string>& hard_texts() {
    static const std::vector<std::string> texts = {"a",
                                                   "O'Brien",
                                                   "x'); drop table work_items; --",
                                                   "\\",
                                                   "\\'; select 1; --",
                                                   "\"quoted\"",
                                                   "{a,b}",
                                                   "NULL",
                                                   "\\N",
                                                   "%s%n$1",
                                                   "tab\there",
                                                   "line\nbreak",
                                                   "\\x41\\101",
                                                   "ü棋🎲",
                                                   "$$;",
                                                   "/* */ --"};
    return texts;
}

class HistoryFiller final : public Filler {
  public:
    explicit HistoryFiller(std::uint64_t seed) : random_(seed) {}

    std::string text(std::string_view field) override {
        if (field == "model" || field == "parent" || field == "baseline" || field == "first" ||
            field == "second" || field == "previous" || field == "restored") {
            return below(6) == 0 ? "init" : name("m", 3);
        }
        if (field == "work" || field == "works" || field == "depends_on") return name("w", 12);
        if (field == "file" || field == "files" || field == "inputs" || field == "added" ||
            field == "removed")
            return name("f", 8);
        if (field == "config") return name("c", 2);
        if (field == "node" || field == "leader" || field == "source" || field == "relay" ||
            field == "target" || field == "votes" || field == "voters")
            return name("n", 4);
        if (field == "sync" || field == "match" || field == "alert") return name("s", 70);
        if (field == "dedup_key") return below(3) == 0 ? name("k", 3) : "";
        if (below(40) == 0) return std::string("nul\0here", 8);
        return hard_texts()[std::size_t(below(int(hard_texts().size())))];
    }
    std::int64_t integer(std::int64_t low, std::int64_t high) override {
        constexpr std::int64_t latest_ms = 253'402'300'799'999;
        if (high == latest_ms) {
            return below(30) == 0 ? low : now.time_since_epoch().count() + below(3'600'000);
        }
        if (below(60) == 0) return below(2) == 0 ? low : high;
        const bool is_choice = low == 0 && high > 0 && high < 20;  // An enum's, a boolean's.
        return std::clamp<std::int64_t>(below(is_choice ? int(high) + 1 : 8), low, high);
    }
    std::size_t count() override { return std::size_t(below(3)); }
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

    bus::Time now = bus::Time(std::chrono::sys_days(std::chrono::year(2025) / 12 / 28));

  private:
    std::string name(const std::string& kind, int count) {
        const int number = below(count);
        return kind + std::to_string(number) +
               hard_texts()[std::size_t(number) % hard_texts().size()];
    }
    std::mt19937_64 random_;
};

/// Tells one history after the other event, and folds it to know what would be plausible next.
class Historian {
  public:
    explicit Historian(std::uint64_t seed) : filler_(seed) {}

    bus::Recorded next() {
        filler_.now += std::chrono::seconds(filler_.below(30));
        if (filler_.below(200) == 0) filler_.now += std::chrono::hours(filler_.below(50));
        bus::Event event = any_event(any_type(), filler_);
        event.id = {"e" + std::to_string(folded_.position + 1)};
        event.time = filler_.now;
        event.epoch = folded_.view.leadership.epoch;
        if (filler_.below(20) == 0) event.epoch = bus::Epoch(filler_.below(3));
        std::visit([&](auto& fact) { make_plausible(fact); }, event.fact);
        if (filler_.below(20) != 0)
            event.source = speaker(event, folded_.view.leadership.leader, event.source);
        bus::Recorded recorded = {.position = folded_.position + 1, .event = std::move(event)};
        folded_.advance(recorded);
        return recorded;
    }
    bus::Batch next(int count) {
        bus::Batch events;
        for (int n = 0; n < count; ++n) events.push_back(next());
        return events;
    }
    const projections::ClusterView& view() const { return folded_.view; }
    int below(int bound) { return filler_.below(bound); }

  private:
    std::size_t any_type() {
        static const std::vector<std::size_t> of_work = [] {
            std::vector<std::size_t> indices;
            boost::mp11::mp_for_each<boost::mp11::mp_iota_c<std::variant_size_v<bus::Fact>>>(
                [&](auto i) {
                    using Fact = std::variant_alternative_t<i, bus::Fact>;
                    if constexpr (bus::is_readable<Fact>) {
                        if (Fact::info.noun == bus::Noun::work) indices.push_back(i);
                    }
                });
            return indices;
        }();
        if (filler_.below(2) == 0) return of_work[std::size_t(filler_.below(int(of_work.size())))];
        const int last = int(std::variant_size_v<bus::Fact>) - 1;
        return std::size_t(1 + filler_.below(last));
    }

    template <class Fact>
    void make_plausible(Fact& fact) {
        const auto& view = folded_.view;
        if constexpr (requires { fact.fence; }) {
            const auto* item = find(view.work, fact.work);
            if (item && item->lease && filler_.below(8) != 0) {
                fact.fence = item->lease->fence;
                fact.node = item->lease->node;
            }
        }
        if constexpr (std::same_as<Fact, bus::LeaderElected>) {
            fact.epoch = view.leadership.epoch + bus::Epoch(filler_.below(8) == 0 ? 0 : 1);
            fact.voters.clear();
            fact.votes = view.leadership.voters;
            if (fact.votes.empty()) fact.votes.push_back(fact.leader);
            fact.leader = fact.votes.front();
        }
        if constexpr (std::same_as<Fact, bus::LeaderSteppedDown>) {
            if (filler_.below(2) == 0) fact.leader = view.leadership.leader;
        }
        if constexpr (std::same_as<Fact, bus::ModelPromoted>) {
            const auto config = view.training.configs.find(fact.config);
            if (config != view.training.configs.end()) fact.previous = config->second.best;
        }
        if constexpr (std::same_as<Fact, bus::WorkQueued>) {
            fact.attempts_max = filler_.below(4);
            if (filler_.below(2) == 0) fact.depends_on.clear();
        }
    }

    HistoryFiller filler_;
    projections::Folded<projections::ClusterView> folded_;
};

}  // namespace ringrift::tests
