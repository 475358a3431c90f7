#include "ops/admin_plan.hpp"
#include "ops/node.hpp"

// The node's side of a person's request: note it, carry it out, answer once.

namespace ringrift::ops {

std::size_t Node::answer_admin(bus::Time now) {
    auto requests = admin_.take();
    for (AdminRequest& request : requests) {
        AdminReply reply = carry_out(request, now);
        if (request.action == "ingest" && !request.dry_run) count_ingested(reply);
        if (request.answer) request.answer(std::move(reply));
    }
    return requests.size();
}

void Node::count_ingested(const AdminReply& reply) {
    const auto outcome = reply.details.find("outcome");
    const bool parked = outcome != reply.details.end() && outcome->second == "parked";
    ++counts_[!reply.accepted ? "ingest_refused" : parked ? "ingest_parked" : "ingested"];
}

AdminReply Node::carry_out(const AdminRequest& request, bus::Time now) {
    if (phase_ != Phase::running) {
        return {.status = 503,
                .code = "stopping",
                .sentence = "the node is stopping",
                .hint = "ask another node"};
    }
    AdminPlan plan = plan_admin(request, sight(now));
    if (!plan.reply.accepted || request.dry_run) return plan.reply;
    if (request.action != "ingest") {
        const std::string id = "admin:" + settings_.self.node.value + ":" +
                               std::to_string(incarnation_) + ":" +
                               std::to_string(++counts_["admin_actions"]);
        auto target = request.parameters.find("work");
        if (target == request.parameters.end()) target = request.parameters.find("node");
        plan.commands.insert(
            plan.commands.begin(),
            producers::NoteAdminAction{
                .action = {.action = request.action,
                           .actor = request.actor,
                           .reason = request.reason,
                           .target = target == request.parameters.end() ? "" : target->second},
                .id = {id}});
    }
    for (const producers::Command& command : plan.commands) {
        const auto handled = ask(command, now);
        switch (handled.outcome) {
            case Outcome::appended: plan.reply.position = handled.position; break;
            case Outcome::refused:
                return {.status = status_of(handled.refusal.kind),
                        .code = std::string(producers::name_of(handled.refusal.kind)),
                        .sentence = handled.refusal.sentence};
            case Outcome::unavailable:
            case Outcome::halted:
                return {.status = 503,
                        .code = "log_unavailable",
                        .sentence = "the event log takes nothing now: " + trouble_,
                        .hint = "it is not known whether this was done; look, then try again"};
        }
    }
    if (plan.elects_anew) {
        elections_.election().force(
            request.reason.empty() ? "asked for by an operator" : request.reason,
            ports_.clock.monotonic());
    }
    for (const std::string_view loop : plan.wakes) loops_.wake(loop);
    if (plan.shuts_down)
        stop(request.reason.empty() ? "asked for by an operator" : request.reason, now);
    return plan.reply;
}

}  // namespace ringrift::ops
