#include <boost/json.hpp>

#include "ops/cli/show.hpp"
#include "ops/cli/table.hpp"

namespace ringrift::ops::cli {
namespace {

namespace json = boost::json;

const json::array& items(const json::value& value, const std::string& pointer) {
    static const json::array none;
    const json::value* found = find_at(value, pointer);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

std::string age(const json::value& value, const std::string& pointer) {
    return age_text(number_at(value, pointer));
}

std::string or_none(const Table& table, const std::string& none) {
    return table.empty() ? none + "\n" : table.text();
}

}  // namespace

std::string show_jobs(const json::value& jobs) {
    Table table({"WORK", "TYPE", "CONFIG", "NODE", "STATUS", "AGE", "PROGRESS", "ATTEMPT", "PID"});
    for (const json::value& job : items(jobs, "/active_jobs")) {
        const bool known = at(job, "/progress") != "-";
        table.add({at(job, "/work_id"), at(job, "/type"), at(job, "/config"), at(job, "/node"),
                   at(job, "/status"), age(job, "/age_seconds"),
                   known ? number_text(100 * number_at(job, "/progress"), 0) + "%" : "-",
                   at(job, "/attempt"), at(job, "/pid")});
    }
    return or_none(table, "Nothing is claimed or runs.");
}

std::string show_work_list(const json::value& work) {
    Table table({"WORK", "TYPE", "CONFIG", "STATUS", "FOR", "NODE", "ATTEMPTS", "WHY"});
    for (const json::value& item : items(work, "/work")) {
        const bool waits = find_at(item, "/why_waiting") != nullptr;
        table.add({at(item, "/work_id"), at(item, "/type"), at(item, "/config"),
                   at(item, "/status"), age(item, "/in_status_seconds"), at(item, "/node"),
                   at(item, "/attempts") + "/" + at(item, "/attempts_max"),
                   at(item, waits ? "/why_waiting" : "/reason")});
    }
    const auto shown = items(work, "/work").size();
    const auto matching = static_cast<std::size_t>(number_at(work, "/matching"));
    std::string text = or_none(table, "No work matches.");
    if (matching > shown)
        text += "The newest " + std::to_string(shown) + " of " + std::to_string(matching) +
                "; more with --limit.\n";
    return text;
}

std::string show_work(const json::value& item) {
    std::string text;
    for (const auto& member : item.as_object()) {
        const bool nested = member.value().is_array() || member.value().is_object();
        const std::string name(member.key());
        if (name == "last_setbacks") continue;
        text += name + std::string(name.size() < 20 ? 20 - name.size() : 1, ' ') +
                (nested ? json::serialize(member.value()) : at(item, "/" + name)) + "\n";
    }
    for (const json::value& setback : items(item, "/last_setbacks")) {
        text += "\n" + at(setback, "/at") + "  " + at(setback, "/kind") + " on " +
                at(setback, "/node") + ": " + at(setback, "/reason") + "\n";
        const std::string tail = at(setback, "/stderr_tail");
        if (tail != "-") text += tail + "\n";
    }
    return text;
}

std::string show_nodes(const json::value& nodes) {
    Table table(
        {"NODE", "ADDRESS", "ROLE", "STATE", "WORK", "JOBS", "SLOTS", "GPUS", "MEMORY", "REASON"});
    for (const json::value& node : items(nodes, "/nodes")) {
        const std::string why = at(node, "/quarantine_reason");
        table.add({at(node, "/node_id"), at(node, "/host") + ":" + at(node, "/port"),
                   at(node, "/role"), at(node, "/state"), at(node, "/takes_work"),
                   at(node, "/active_jobs"), at(node, "/slots"), at(node, "/gpus"),
                   bytes_text(number_at(node, "/memory_bytes")),
                   why == "-" ? at(node, "/reason") : why});
    }
    return or_none(table, "No node has joined.");
}

std::string show_models(const json::value& models) {
    Table table({"CONFIG", "GENERATION", "MODEL", "STATUS", "BEST", "ELO", "TEST", "DECISION"});
    for (const json::value& model : items(models, "/models")) {
        const std::string elo =
            at(model, "/elo") == "-" ? "-" : at(model, "/elo") + " ± " + at(model, "/elo_error95");
        const std::string test = at(model, "/evaluation/verdict") == "-"
                                     ? "-"
                                     : at(model, "/evaluation/verdict") + ", LLR " +
                                           number_text(number_at(model, "/evaluation/llr"), 2) +
                                           ", " + at(model, "/evaluation/games") + " games";
        table.add({at(model, "/config"), at(model, "/generation"), short_id(at(model, "/model")),
                   at(model, "/status"), at(model, "/best"), elo, test, at(model, "/decision")});
    }
    return or_none(table, "No network has been trained yet.");
}

std::string show_elo(const json::value& elo) {
    std::string text;
    for (const auto& config : elo.at("configs").as_object()) {
        Table table({"RANK", "MODEL", "GENERATION", "ELO", "± 95 %", "GAMES", "BEST"});
        int rank = 0;
        for (const json::value& row : items(config.value(), "/ratings")) {
            table.add({std::to_string(++rank), short_id(at(row, "/model")), at(row, "/generation"),
                       number_text(number_at(row, "/elo")), number_text(number_at(row, "/error95")),
                       at(row, "/games"), at(row, "/best")});
        }
        text += (text.empty() ? "" : "\n") + std::string(config.key()) + ", " +
                at(config.value(), "/games") + " rating games; init is 0\n" +
                or_none(table, "Not rated yet.");
    }
    return text.empty() ? "No rating games have been played yet.\n" : text;
}

std::string show_sync(const json::value& sync) {
    Table configs({"CONFIG", "GAMES", "SYNCHRONISED", "FILES LEFT"});
    for (const auto& config : sync.at("configs").as_object()) {
        configs.add({std::string(config.key()), at(config.value(), "/games"),
                     at(config.value(), "/games_synced"), at(config.value(), "/files_unsynced")});
    }
    Table syncs({"SYNC", "STATE", "FILES", "LEFT", "CHANGED", "WHY"});
    for (const json::value& one : items(sync, "/syncs")) {
        syncs.add({at(one, "/sync"), at(one, "/state"), at(one, "/files"), at(one, "/files_left"),
                   at(one, "/changed_at"), at(one, "/why")});
    }
    Table nodes({"NODE", "FILES", "SIZE", "AS OF"});
    for (const auto& node : sync.at("manifests").as_object()) {
        nodes.add({std::string(node.key()), at(node.value(), "/files"),
                   bytes_text(number_at(node.value(), "/bytes")),
                   at(node.value(), "/collected_at")});
    }
    return or_none(configs, "No games are recorded yet.") + "\n" +
           or_none(syncs, "No copies have been planned.") + "\n" +
           or_none(nodes, "No node has said which files it holds.");
}

std::string show_explanation(const json::value& told) {
    std::string text = at(told, "/work_id") + "\n";
    Table table({"POSITION", "TIME", "BY", "WHAT"});
    for (const json::value& event : items(told, "/events")) {
        table.add({at(event, "/position"), at(event, "/time"), at(event, "/said_by"),
                   at(event, "/sentence")});
    }
    text += table.text() + "\n" + at(told, "/now") + "\n";
    if (at(told, "/why_waiting/sentence") != "-") text += at(told, "/why_waiting/sentence") + "\n";
    return text;
}

std::string show_done(const json::value& reply) {
    std::string text = at(reply, "/sentence") + "\n";
    const json::value* details = find_at(reply, "/details");
    if (details == nullptr || !details->is_object()) return text;
    for (const auto& detail : details->get_object())
        text +=
            std::string(detail.key()) + " " + at(*details, "/" + std::string(detail.key())) + "\n";
    return text;
}

std::string show_event(const json::value& event) {
    std::string data =
        find_at(event, "/data") == nullptr ? std::string() : json::serialize(event.at("data"));
    constexpr std::size_t data_bytes_max = 160;
    if (data.size() > data_bytes_max) data = data.substr(0, data_bytes_max) + "…";
    return at(event, "/position") + "  " + at(event, "/time") + "  " + at(event, "/type") + "  " +
           short_id(at(event, "/subject")) + "  " + data + "\n";
}

}  // namespace ringrift::ops::cli
