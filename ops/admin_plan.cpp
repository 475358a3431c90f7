#include "ops/admin_plan.hpp"

#include <algorithm>

#include "bus/json.hpp"
#include "consumers/work_order.hpp"
#include "ops/outside_request.hpp"
#include "ops/quantities.hpp"
#include "producers/command_handler.hpp"
#include "producers/digest.hpp"
#include "producers/outside.hpp"

namespace ringrift::ops {

/// Body of POST /work/add: only type and config are required.
struct WorkWish {
    bus::WorkType type = bus::WorkType::selfplay;
    bus::ConfigKey config = {};
    bus::WorkId work = {};
    std::int64_t priority = -1;
    std::int64_t games = 0;
    bus::ModelId model = {};
    bus::ModelId baseline = {};
    std::vector<bus::FileDigest> inputs = {};
    std::string dedup_key = {};
    std::vector<bus::WorkId> depends_on = {};
    static constexpr std::array may_be_missing = {"work",  "priority", "games",
                                                  "model", "baseline", "dedup_key"};
};
BOOST_DESCRIBE_STRUCT(WorkWish, (),
                      (type, config, work, priority, games, model, baseline, inputs, dedup_key,
                       depends_on))

namespace {

using namespace producers;

AdminPlan refuse(int status, std::string code, std::string sentence, std::string hint = "") {
    AdminPlan plan;
    plan.reply = {.status = status,
                  .code = std::move(code),
                  .sentence = std::move(sentence),
                  .hint = std::move(hint)};
    return plan;
}

std::string parameter(const AdminRequest& request, const std::string& name) {
    const auto at = request.parameters.find(name);
    return at == request.parameters.end() ? std::string() : at->second;
}

AdminPlan accept(int status, std::string sentence) {
    AdminPlan plan;
    plan.reply = {.accepted = true, .status = status, .sentence = std::move(sentence)};
    return plan;
}

AdminPlan elect(const Sight& sight) {
    const bus::NodeId& leader = sight.cluster.leadership.leader;
    AdminPlan plan = accept(202, leader.empty() ? "nobody leads; this node stands if it may"
                                                : leader.value +
                                                      " is asked to step down, and an "
                                                      "election follows");
    plan.elects_anew = true;
    return plan;
}

AdminPlan reset_stale(const Sight& sight) {
    AdminPlan plan;
    std::int64_t released = 0;
    for (const auto& [node, leased] : sight.cluster.work.leased_by_node) {
        for (const bus::WorkId& work : leased) {
            const projections::WorkItem& item = sight.cluster.work.items.at(work);
            const bool stale =
                !item.lease->started_at && sight.now - item.lease->claimed_at >= fresh_claim;
            if (!stale) continue;
            plan.commands.push_back(ExpireLease{
                .work = work, .fence = item.lease->fence, .reason = "reset by an operator"});
            ++released;
        }
    }
    plan.reply = {.accepted = true,
                  .sentence = std::to_string(released) + " stale claims go back to the queue",
                  .details = {{"released", std::to_string(released)}}};
    return plan;
}

AdminPlan add_work(const AdminRequest& request, const Sight& sight) {
    auto wish = bus::from_json<WorkWish>(request.body);
    if (!wish) {
        return refuse(400, "invalid", "the body does not describe work: " + wish.error().sentence(),
                      R"(send {"type":"selfplay","config":"hex5_2p","games":50})");
    }
    if (wish->games < 0 || wish->priority < -1) {
        return refuse(400, "invalid", "games and priority must not be negative",
                      "leave them out for the config's number of games and the type's priority");
    }
    if (policy_of(sight.cluster.leadership, wish->config) == nullptr) {
        return refuse(404, "unknown", "no config " + wish->config.value,
                      "GET /status names the configs");
    }
    const std::string salt = request.body + std::to_string(sight.now.time_since_epoch().count());
    if (wish->work.empty()) wish->work = {"added-" + producers::digest_of(salt).substr(0, 12)};
    QueueWork command;
    command.work = consumers::make_order(sight.cluster, wish->type, wish->config, wish->work, 0);
    if (wish->priority >= 0) command.work.priority = wish->priority;
    const auto training = sight.cluster.training.configs.find(wish->config);
    const bus::ModelId best =
        training == sight.cluster.training.configs.end() ? bus::init_model : training->second.best;
    command.work.games = wish->games > 0
                             ? wish->games
                             : policy_of(sight.cluster.leadership, wish->config)->games_per_job;
    command.work.model = wish->model.empty() ? best : wish->model;
    command.work.baseline = wish->baseline.empty() ? bus::init_model : wish->baseline;
    command.work.inputs = wish->inputs;
    command.work.dedup_key = wish->dedup_key;
    command.work.depends_on = wish->depends_on;
    AdminPlan plan = accept(202, "queued");
    plan.reply.details["work"] = wish->work.value;
    plan.commands.push_back(std::move(command));
    return plan;
}

/// An event without an id of its own is named after its content and when it was said: by the
/// sender's clock where there is one, so that what is sent again is the same event.
bus::EventId id_of_event(const AdminRequest& request, bus::Time now) {
    std::string id = parameter(request, "id");
    if (!id.empty()) return {id};
    std::string said_at = parameter(request, "time");
    if (said_at.empty()) said_at = std::to_string(now.time_since_epoch().count());
    return {"ingest-" + producers::digest_of(parameter(request, "type") + request.body + said_at)};
}

/// POST /events, and what jobs say: the type under any known name, and its data.
AdminPlan ingest(const AdminRequest& request, const Sight& sight) {
    // Found at the door already, and brought here to be counted with all others.
    if (const std::string fault = parameter(request, "fault"); !fault.empty())
        return refuse(400, "invalid_event", fault, ingest_hint);
    const bus::EventId id = id_of_event(request, sight.now);
    auto taken = take_in(sight, {.id = id,
                                 .type = parameter(request, "type"),
                                 .data = request.body,
                                 .job = {parameter(request, "job")},
                                 .cause = {parameter(request, "cause")}});
    if (const auto* refusal = std::get_if<Refusal>(&taken)) {
        return refuse(status_of(refusal->kind), std::string(name_of(refusal->kind)),
                      refusal->sentence, "GET /openapi.json describes the events");
    }
    auto& [commands, lacks] = std::get<TakenIn>(taken);
    AdminPlan plan = accept(202, lacks.empty() ? "appended" : "kept, but parked: " + lacks);
    plan.reply.details = {{"id", id.value}, {"outcome", lacks.empty() ? "taken" : "parked"}};
    plan.commands = std::move(commands);
    return plan;
}

AdminPlan about_work(const AdminRequest& request, Command command, std::string done) {
    if (parameter(request, "work").empty()) {
        return refuse(400, "invalid", "parameter 'work' is missing",
                      "name the item, e.g. ?work=selfplay-hex5_2p-7");
    }
    AdminPlan plan = accept(200, std::move(done));
    plan.commands.push_back(std::move(command));
    return plan;
}

/// What is said of a node, if it may be said: judged before the request is noted, so that what may
/// not be said leaves no trace.
AdminPlan say_of(const bus::NodeId& node, Command command, std::string done, const Sight& sight) {
    const Decision decision = decide(sight, command);
    if (const auto* refusal = std::get_if<Refusal>(&decision)) {
        return refuse(status_of(refusal->kind), std::string(name_of(refusal->kind)),
                      refusal->sentence);
    }
    AdminPlan plan = accept(200, std::move(done));
    plan.reply.details["node"] = node.value;
    plan.commands.push_back(std::move(command));
    return plan;
}

AdminPlan about_node(const AdminRequest& request, const Sight& sight, const std::string& reason) {
    const bus::NodeId node = {parameter(request, "node")};
    const std::string deed = request.action.substr(request.action.find('/') + 1);
    const std::string hint = R"(send {"node":"gpu-7","reason":"new disk"})";
    if (node.empty()) return refuse(400, "invalid", "parameter 'node' is missing", hint);
    if (deed != "release" && request.reason.empty())
        return refuse(400, "invalid", "a reason is missing; the log keeps it", hint);
    Command command = DrainNode{.node = node, .reason = reason};
    std::string done = node.value + " takes no new work and finishes what it holds";
    if (deed == "retire") {
        command = RetireNode{.node = node, .reason = reason};
        done = node.value +
               " is no longer counted, and its id is not taken up again before it is "
               "released";
    } else if (deed == "release") {
        command = ReleaseNode{.node = node, .reason = reason};
        done = node.value + " may work again";
    } else if (deed == "quarantine") {
        const auto length = duration_from_text(parameter(request, "for"));
        if (!length) {
            return refuse(400, "invalid", "parameter 'for' is missing or no duration",
                          R"(send {"node":"gpu-7","for":"1h","reason":"new driver"})");
        }
        const bus::Time until = sight.now + *length;
        command = QuarantineNode{.node = node, .reason = reason, .until_at = until};
        done = node.value + " gets no new work until " + bus::to_text(until);
    }
    return say_of(node, std::move(command), std::move(done), sight);
}

/// One voter more or less.
AdminPlan change_voters(const AdminRequest& request, const Sight& sight) {
    const std::vector<bus::NodeId>& voters = sight.cluster.leadership.voters;
    const bus::NodeId node = {parameter(request, "node")};
    const bool adds = request.action == "voters/add";
    const bool votes = std::ranges::find(voters, node) != voters.end();
    if (node.empty())
        return refuse(400, "invalid", "parameter 'node' is missing", R"(send {"node":"gpu-7"})");
    if (adds == votes) {
        return refuse(409, "duplicate", node.value + (adds ? " votes already" : " does not vote"),
                      "GET /status .voters lists those who do");
    }
    ChangeVoters command = {.voters = voters, .reason = request.reason};
    if (adds)
        command.voters.push_back(node);
    else
        std::erase(command.voters, node);
    const std::size_t count = command.voters.size();
    std::string done = node.value + (adds ? " votes" : " votes no more") + "; of the " +
                       std::to_string(count) + " voters now " +
                       std::to_string(projections::majority_of(count)) + " elect a leader";
    if (count % 2 == 0) done += ": as many may be lost as with one voter fewer";
    return say_of(node, std::move(command), std::move(done), sight);
}

AdminPlan trigger_sync() {
    AdminPlan plan = accept(202, "the files here are compared with the log, and the pipeline runs");
    plan.wakes = {"manifest_collection", "data_management"};
    return plan;
}

}  // namespace

AdminPlan plan_admin(const AdminRequest& request, const Sight& sight) {
    const std::string reason = request.reason.empty() ? "asked for by an operator" : request.reason;
    const bus::WorkId work = {parameter(request, "work")};
    if (request.action == "election/start") return elect(sight);
    if (request.action == "jobs/reset-stale") return reset_stale(sight);
    if (request.action == "sync/trigger") return trigger_sync();
    if (request.action == "work/add") return add_work(request, sight);
    if (request.action == "work/cancel") {
        return about_work(request, CancelWork{.work = work, .reason = reason}, "cancelled");
    }
    if (request.action == "work/unpark") {
        return about_work(request, UnparkWork{.work = work, .reason = reason}, "waiting again");
    }
    if (request.action.starts_with("nodes/")) return about_node(request, sight, reason);
    if (request.action.starts_with("voters/")) return change_voters(request, sight);
    if (request.action == "ingest") return ingest(request, sight);
    if (request.action == "shutdown") {
        AdminPlan plan = accept(202, "jobs are ended, claims given back, then the node leaves");
        plan.shuts_down = true;
        return plan;
    }
    return refuse(404, "unknown", "no action " + request.action, "GET /openapi.json lists them");
}

int status_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::unknown: return 404;
        case Refusal::Kind::invalid: return 400;
        case Refusal::Kind::not_leader:
        case Refusal::Kind::behind: return 503;
        case Refusal::Kind::duplicate:
        case Refusal::Kind::not_held:
        case Refusal::Kind::nothing_waits:
        case Refusal::Kind::no_room:
        case Refusal::Kind::held_back:
        case Refusal::Kind::id_taken:
        case Refusal::Kind::node_rests:
        case Refusal::Kind::not_open: return 409;
    }
    return 409;
}

}  // namespace ringrift::ops
