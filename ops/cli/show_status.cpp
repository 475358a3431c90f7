#include <algorithm>

#include <boost/json.hpp>

#include "ops/cli/show.hpp"
#include "ops/cli/table.hpp"

namespace ringrift::ops::cli {
namespace {

namespace json = boost::json;

std::string line(const std::string& head, const std::string& text) {
    return head + std::string(head.size() < 12 ? 12 - head.size() : 1, ' ') + text + "\n";
}

const json::object& members(const json::value& value, const std::string& pointer) {
    static const json::object none;
    const json::value* found = find_at(value, pointer);
    return found != nullptr && found->is_object() ? found->get_object() : none;
}

std::string whole(const json::value& value, const std::string& pointer) {
    return count_text(static_cast<std::int64_t>(number_at(value, pointer)));
}

std::string queue_text(const json::value& status) {
    std::string text;
    for (const std::string name : {"pending", "claimed", "running", "parked"}) {
        text += (text.empty() ? "" : ", ") + name + " " +
                whole(status, "/work_queue/by_status/" + name);
        const double oldest = number_at(status, "/work_queue/oldest_age_seconds/" + name);
        if (oldest > 0) text += " (oldest " + age_text(oldest) + ")";
    }
    return text;
}

std::string subscriptions_text(const json::value& status) {
    std::string text;
    for (const std::string group : {"daemon_events", "feedback_signals", "manager_events"}) {
        const bool healthy = at(status, "/event_subscription_status/" + group) == "yes";
        text += (text.empty() ? "" : ", ") + group + (healthy ? " ok" : " NOT PROVED");
    }
    return text;
}

std::string loops_text(const json::value& status) {
    std::size_t enabled = 0;
    std::string failing;
    for (const auto& loop : members(status, "/loops")) {
        if (at(loop.value(), "/enabled") == "yes") ++enabled;
        const bool fails =
            number_at(loop.value(), "/last_error_at") > number_at(loop.value(), "/last_success");
        if (fails)
            failing +=
                line("", std::string(loop.key()) + " fails: " + at(loop.value(), "/last_error"));
    }
    const std::string count = std::to_string(members(status, "/loops").size());
    return line("loops", count + ", " + std::to_string(enabled) + " with something to do here") +
           failing;
}

std::string learning_text(const json::value& status) {
    Table table(
        {"CONFIG", "GENERATION", "ELO", "CANDIDATES WAITING", "GAMES", "TRAININGS", "BEST MODEL"});
    for (const auto& config : members(status, "/training")) {
        const json::value& it = config.value();
        const std::string elo =
            at(it, "/elo") == "-" ? "-" : at(it, "/elo") + " ± " + at(it, "/elo_error95");
        table.add({config.key(), at(it, "/generation"), elo, at(it, "/candidates_waiting"),
                   whole(it, "/games"), at(it, "/trainings"), short_id(at(it, "/best_model"))});
    }
    return table.empty() ? std::string() : "\n" + table.text();
}

std::string refusals_text(const json::value& status) {
    std::string text;
    for (const auto& kind : members(status, "/refusals")) {
        text += (text.empty() ? "" : ", ") + std::string(kind.key()) + " " +
                json::serialize(kind.value());
    }
    const auto add = [&](const std::string& name, const std::string& pointer) {
        if (number_at(status, pointer) > 0)
            text += (text.empty() ? "" : ", ") + name + " " + whole(status, pointer);
    };
    add("void events", "/void_events");
    add("unknown events", "/unknown_events");
    add("parked events", "/parked_events");
    return text.empty() ? text : line("refused", text);
}

}  // namespace

std::string show_status(const json::value& status) {
    std::string text =
        line("node", at(status, "/node_id") + " (" + at(status, "/role") + ", epoch " +
                         at(status, "/epoch") + "), leader " + at(status, "/leader_id") + ", up " +
                         age_text(number_at(status, "/uptime_seconds")));
    text += line("peers", whole(status, "/alive_peers") + " of " + whole(status, "/total_peers") +
                              " alive besides this node; voters " + at(status, "/voters/alive") +
                              " of " + at(status, "/voters/total") + ", quorum " +
                              at(status, "/voters/quorum"));
    text += line("jobs", "selfplay " + whole(status, "/selfplay_jobs") + ", training " +
                             whole(status, "/training_jobs") + ", all " +
                             whole(status, "/active_jobs"));
    text += line("queue", queue_text(status));
    for (const auto& reason : members(status, "/work_queue/why_waiting")) {
        text +=
            line("", whole(reason.value(), "/items") + " wait: " + at(reason.value(), "/sentence") +
                         " (" + std::string(reason.key()) + ", e.g. " +
                         at(reason.value(), "/example") + ")");
    }
    text += line("log", at(status, "/log/kind") + ", position " + whole(status, "/position") +
                            ", lag " + whole(status, "/lag"));
    if (at(status, "/log/trouble") != "-")
        text += line("", "TROUBLE: " + at(status, "/log/trouble"));
    text += line("disk", at(status, "/disk/state") + ", " +
                             bytes_text(number_at(status, "/disk/free_bytes")) + " free of " +
                             bytes_text(number_at(status, "/disk/total_bytes")));
    text += line("events", subscriptions_text(status));
    text += loops_text(status) + refusals_text(status);
    const json::value* alerts = find_at(status, "/alerts");
    if (alerts != nullptr && alerts->is_array()) {
        for (const json::value& alert : alerts->get_array())
            text += line("ALERT", at(alert, "/severity") + ": " + at(alert, "/message"));
    }
    return text + learning_text(status);
}

std::string show_voters(const json::value& status) {
    const json::value* ids = find_at(status, "/voters/ids");
    if (ids == nullptr || !ids->is_array() || ids->get_array().empty())
        return "the log names no voters yet\n";
    const std::string leader = at(status, "/effective_leader_id");
    Table table({"VOTER", "STATE", "ROLE"});
    for (const json::value& id : ids->get_array()) {
        const std::string voter(id.as_string());
        const std::string entry =
            voter == at(status, "/node_id") ? std::string("/self") : "/peers/" + voter;
        table.add({voter, at(status, entry + "/state"), voter == leader ? "leader" : "follower"});
    }
    std::string text = table.text() + at(status, "/voters/quorum") + " of " +
                       at(status, "/voters/total") + " elect a leader, " +
                       at(status, "/voters/alive") + " are alive\n";
    if (leader == "-") text += "no leader: " + at(status, "/no_leader_because") + "\n";
    return text;
}

}  // namespace ringrift::ops::cli
