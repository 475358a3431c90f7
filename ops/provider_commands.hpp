#pragma once

// The real provider: commands of the operator's, one to add a machine and one to end it.
//
// A command gets the order as one line of JSON on standard input and as variables:
//
//   RINGRIFT_ACTION    provision or terminate
//   RINGRIFT_NODE      the name under which the node is to join (--node-id), or is known
//   RINGRIFT_CLUSTER, RINGRIFT_DECISION, RINGRIFT_REASON, RINGRIFT_ATTEMPT
//
// Code 0 is success; the last line that `provision` prints is the provider's name for the machine.
// Anything else is a failure, said with the end of its standard error, and tried again. A command
// may be run twice for one node (a leader can die at any moment), so it has to look first whether
// the machine of that name is there, or gone, already. It runs on a thread of ours, at most three
// at a time, each in a process group of its own that is ended after `time_max`, and when the node
// ends or does not lead any more.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "bus/time.hpp"
#include "consumers/provider.hpp"
#include "ops/jobs/job_environment.hpp"
#include "ops/on/event_command.hpp"

namespace ringrift::ops {

struct ProviderSettings {
    std::string provision = {};  ///< A program and its arguments, with blanks between them.
    std::string terminate = {};
    bus::Duration time_max = std::chrono::minutes(10);
    std::string cluster = {};
    Environment environment = {};  ///< That commands inherit.
};

class ProviderCommands final : public consumers::Provider {
  public:
    /// `wake` is called on another thread when `drain` has something new.
    ProviderCommands(ProviderSettings settings, std::function<void()> wake);
    ProviderCommands(const ProviderCommands&) = delete;
    ProviderCommands& operator=(const ProviderCommands&) = delete;
    ~ProviderCommands() override;

    /// Empty when both programs can be found; else a sentence.
    std::string problem() const;

    void start(const consumers::MachineOrder& order) override;
    void stop_all() override;
    std::vector<consumers::MachineReport> drain() override;

    static constexpr std::size_t at_once_max = 3;  ///< As many as one decision adds.

  private:
    void work(std::stop_token stop);
    consumers::MachineReport run(const consumers::MachineOrder& order,
                                 const std::function<bool()>& look) const;

    const ProviderSettings settings_;
    const on::EventCommand provision_;
    const on::EventCommand terminate_;
    const std::function<void()> wake_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<consumers::MachineOrder> waiting_;  ///< Guarded by mutex_, as all below.
    std::vector<consumers::MachineReport> reports_;
    std::uint64_t stops_ = 0;            ///< How often all was to end.
    std::vector<std::jthread> threads_;  ///< Last, so that they end first.
};

}  // namespace ringrift::ops
