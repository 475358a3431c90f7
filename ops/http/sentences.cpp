#include "ops/http/sentences.hpp"

#include <sstream>

#include "bus/json_kinds.hpp"

namespace ringrift::ops::http {
namespace {

using bus::json_detail::enum_name;

std::string seconds(bus::Duration duration) {
    std::ostringstream text;
    text << static_cast<double>(duration.count()) / 1000 << " s";
    return text.str();
}

std::string because(const std::string& reason) {
    return reason.empty() ? "." : ": " + reason;
}

std::string fence(bus::Position position) {
    return " (fence " + std::to_string(position) + ")";
}

std::string what_came_out(const bus::WorkCompleted& e) {
    std::string text;
    const auto add = [&](std::int64_t count, const std::string& of) {
        if (count > 0) text += (text.empty() ? ", with " : ", ") + std::to_string(count) + " " + of;
    };
    add(e.result.games, "games");
    add(e.result.samples, "samples");
    add(e.result.steps, "steps");
    add(static_cast<std::int64_t>(e.result.files.size()), "files");
    return text;
}

struct Sentence {
    bus::Position position;
    const bus::Event& event;

    std::string operator()(const bus::WorkQueued& e) const {
        std::string text = "Queued as " + std::string(enum_name(e.type)) + " for " +
                           e.config.value + ", priority " + std::to_string(e.priority);
        if (!e.depends_on.empty())
            text += ", after " + std::to_string(e.depends_on.size()) + " other items";
        return text + ".";
    }
    std::string operator()(const bus::WorkClaimed& e) const {
        return "Given to " + e.node.value + fence(position) + ".";
    }
    std::string operator()(const bus::WorkStarted& e) const {
        return "Started on " + e.node.value + fence(e.fence) + ".";
    }
    std::string operator()(const bus::WorkCompleted& e) const {
        return "Completed on " + e.node.value + " after " + seconds(e.run_ms) + what_came_out(e) +
               fence(e.fence) + ".";
    }
    std::string operator()(const bus::WorkFailed& e) const {
        return "Failed on " + e.node.value + " with " + std::string(enum_name(e.kind)) +
               fence(e.fence) + because(e.reason);
    }
    std::string operator()(const bus::WorkReleased& e) const {
        return "Given back by " + e.node.value + fence(e.fence) + because(e.reason);
    }
    std::string operator()(const bus::WorkLeaseExpired& e) const {
        return "The lease of " + e.node.value + " ended" + fence(e.fence) + because(e.reason);
    }
    std::string operator()(const bus::WorkTimeout& e) const {
        return "Revoked from " + e.node.value + " after " + seconds(e.age_ms) + fence(e.fence) +
               because(e.reason);
    }
    std::string operator()(const bus::WorkCancelled& e) const {
        return "Cancelled" + because(e.reason);
    }
    std::string operator()(const bus::WorkParked& e) const {
        return "Set aside" + because(e.reason);
    }
    std::string operator()(const bus::WorkUnparked& e) const {
        return "Taken up again" + because(e.reason);
    }
    std::string operator()(const bus::NpzExportComplete& e) const {
        return "It means: " + std::to_string(e.samples) + " samples of " + std::to_string(e.games) +
               " games can be trained on.";
    }
    std::string operator()(const bus::TrainingStarted& e) const {
        return "Training of " + e.config.value + " runs on " + e.node.value + ".";
    }
    std::string operator()(const bus::TrainingCompleted& e) const {
        return "It means: candidate " + e.model.value.substr(0, 12) + " of " + e.config.value +
               " exists.";
    }
    std::string operator()(const bus::TrainingFailed& e) const {
        return "The training was given up" + because(e.reason);
    }
    template <class Other>
    std::string operator()(const Other&) const {
        std::ostringstream text;
        text << event;
        return text.str();
    }
};

}  // namespace

std::string sentence_of(const bus::Recorded& recorded) {
    return std::visit(Sentence{recorded.position, recorded.event}, recorded.event.fact);
}

}  // namespace ringrift::ops::http
