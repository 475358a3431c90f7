#include "ops/provider_commands.hpp"

#include <boost/json.hpp>
#include <sstream>

namespace ringrift::ops {
namespace {

using consumers::MachineDeed;
using consumers::MachineOrder;

std::vector<std::string> words_of(const std::string& command) {
    std::istringstream text(command);
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(word);
    return words;
}

/// The last line that is not empty.
std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

/// What is said to the command: name -> value.
Environment order_texts(const MachineOrder& order, const std::string& cluster) {
    const bool adds = order.request.deed == MachineDeed::provision;
    return {{"action", adds ? "provision" : "terminate"},
            {"node", std::string(order.request.node.value)},
            {"cluster", cluster},
            {"decision", order.decision},
            {"reason", order.reason},
            {"attempt", std::to_string(order.attempt)}};
}

std::string json_of(const Environment& texts) {
    boost::json::object object;
    for (const auto& [name, value] : texts) object[name] = value;
    return boost::json::serialize(object);
}

std::string upper(std::string text) {
    for (char& letter : text) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    return text;
}

}  // namespace

ProviderCommands::ProviderCommands(ProviderSettings settings, std::function<void()> wake)
    : settings_(std::move(settings)),
      provision_(words_of(settings_.provision), settings_.time_max, on::Printed::kept),
      terminate_(words_of(settings_.terminate), settings_.time_max, on::Printed::kept),
      wake_(std::move(wake)) {
    for (std::size_t n = 0; n < at_once_max; ++n) {
        threads_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
}

ProviderCommands::~ProviderCommands() {
    for (std::jthread& thread : threads_) thread.request_stop();  // All at once, then each ends.
}

std::string ProviderCommands::problem() const {
    const std::string of_provision = provision_.problem();
    if (!of_provision.empty()) return "provision_command: " + of_provision;
    const std::string of_terminate = terminate_.problem();
    return of_terminate.empty() ? "" : "terminate_command: " + of_terminate;
}

void ProviderCommands::start(const MachineOrder& order) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(order);
    changed_.notify_one();
}

void ProviderCommands::stop_all() {
    const std::lock_guard lock(mutex_);
    stops_ += 1;
    waiting_.clear();
    reports_.clear();
}

std::vector<consumers::MachineReport> ProviderCommands::drain() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reports_, {});
}

void ProviderCommands::work(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
        const MachineOrder order = std::move(waiting_.front());
        waiting_.pop_front();
        const std::uint64_t stops_before = stops_;
        lock.unlock();
        const auto told_to_stop = [&] {
            const std::lock_guard looking(mutex_);
            return stop.stop_requested() || stops_ != stops_before;
        };
        auto report = run(order, told_to_stop);
        lock.lock();
        if (stops_ != stops_before || stop.stop_requested()) continue;
        reports_.push_back(std::move(report));
        wake_();
    }
}

consumers::MachineReport ProviderCommands::run(const MachineOrder& order,
                                               const std::function<bool()>& look) const {
    const bool adds = order.request.deed == MachineDeed::provision;
    const Environment texts = order_texts(order, settings_.cluster);
    Environment environment = settings_.environment;
    for (const auto& [name, value] : texts) environment["RINGRIFT_" + upper(name)] = value;
    const auto outcome = (adds ? provision_ : terminate_).run(json_of(texts), environment, look);
    consumers::MachineReport report = {.request = order.request};
    if (outcome.kind == on::CommandOutcome::Kind::done) {
        if (adds) report.machine = last_line(outcome.printed);
        return report;
    }
    report.trouble = outcome.why;
    const std::string said = last_line(outcome.output);
    if (!said.empty()) report.trouble += ": " + said;
    return report;
}

}  // namespace ringrift::ops
