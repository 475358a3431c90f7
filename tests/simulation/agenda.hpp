#pragma once

// What will happen in a simulation, each when its time has come: faults, and their ends.
//
// By what has passed; things of the same moment happen in the order in which they were planned. A
// fault that recurs does so until `ends`, on average after `mean`, drawn from the simulation's one
// source of chance. Whoever holds it asks it to `happen` whenever time has passed.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tests/simulation/clock.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

class Agenda {
  public:
    using Happen = std::function<void()>;
    using Say = std::function<void(const std::string&)>;

    /// No fault begins at `ends` or later; `say` is told of each that does begin.
    Agenda(const SimClock& clock, Random& random, bus::Duration ends, Say say)
        : clock_(clock), random_(random), ends_(ends), say_(std::move(say)) {}
    Agenda(const Agenda&) = delete;
    Agenda& operator=(const Agenda&) = delete;

    void later(bus::Duration after, Happen happen) {
        planned_.emplace(clock_.passed() + after, std::move(happen));
    }
    /// Again and again; never if `mean` is zero.
    void recur(std::string name, bus::Duration mean, Happen happen) {
        if (mean == bus::Duration::zero()) return;
        later(random_.between(bus::Duration(1), 2 * mean), [this, name, mean, happen] {
            if (clock_.passed() >= ends_) return;
            say_("FAULT " + name);
            happen();
            recur(name, mean, happen);
        });
    }
    /// All that is due.
    void happen() {
        while (!planned_.empty() && planned_.begin()->first <= clock_.passed()) {
            const Happen due = std::move(planned_.begin()->second);
            planned_.erase(planned_.begin());
            due();
        }
    }
    std::optional<bus::Duration> next() const {
        if (planned_.empty()) return {};
        return planned_.begin()->first;
    }

  private:
    const SimClock& clock_;
    Random& random_;
    const bus::Duration ends_;
    const Say say_;
    std::multimap<bus::Duration, Happen> planned_;
};

}  // namespace ringrift::simulation
