// /work and /jobs: the queue, an item, what runs now, what it printed.

#include <algorithm>

#include <boost/json.hpp>

#include "bus/json_kinds.hpp"
#include "ops/http/parameters.hpp"
#include "ops/http/views_json.hpp"
#include "ops/http/why_waiting.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;
using bus::json_detail::enum_name;
using bus::json_detail::enum_names;
using projections::WorkItem;
using projections::WorkStatus;

constexpr std::int64_t items_max = 10'000;
constexpr std::size_t output_bytes_max = 1024 * 1024;

Response no_work(const std::string& work) {
    return error_response(404, "unknown_work",
                          "There is no work '" + work + "' in the queue's view.",
                          "GET /work lists it; ended items stay for a day, their "
                          "events for ever (/explain/work/" +
                              work + ").");
}

struct WorkFilter {
    std::string status = {};
    std::string type = {};
    std::string config = {};
    std::string node = {};

    bool fits(const WorkItem& item) const {
        return (status.empty() || status == enum_name(item.status)) &&
               (type.empty() || type == enum_name(item.order.type)) &&
               (config.empty() || config == item.order.config.value) &&
               (node.empty() || (item.lease && item.lease->node.value == node));
    }
};

WorkFilter filter_from(Parameters& parameters) {
    return {.status = parameters.one_of("status", enum_names<WorkStatus>()),
            .type = parameters.one_of("type", enum_names<bus::WorkType>()),
            .config = parameters.text("config"),
            .node = parameters.text("node")};
}

Answer work_list(const Sight& sight, const Call& call) {
    Parameters parameters(call.request);
    const WorkFilter filter = filter_from(parameters);
    const auto limit = static_cast<std::size_t>(parameters.integer("limit", 100, 1, items_max));
    if (parameters.problem()) return *parameters.problem();
    std::vector<const WorkItem*> found;
    for (const auto& [work, item] : sight.view.work.items) {
        if (filter.fits(item)) found.push_back(&item);
    }
    // The newest first: that is what somebody looks for who does not ask for
    // more.
    const auto newer = [](const WorkItem* a, const WorkItem* b) { return a->queued > b->queued; };
    const auto shown = std::min(limit, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(shown), newer);
    json::array items;
    WaitingRoom room(sight.view, sight.now);
    for (std::size_t i = 0; i < shown; ++i) {
        json::object item = work_json(*found[i], sight.now);
        if (found[i]->status == WorkStatus::pending)
            item["why_waiting"] = room.why(*found[i]).sentence;
        items.push_back(std::move(item));
    }
    return json_response({{"work", std::move(items)},
                          {"count", shown},
                          {"matching", found.size()},
                          {"limit", limit}});
}

Answer work_item(const Sight& sight, const Call& call) {
    const WorkItem* item = find(sight.view.work, {call.path.at("work")});
    if (item == nullptr) return no_work(call.path.at("work"));
    json::object body = work_details_json(*item, sight.now);
    if (item->status == WorkStatus::pending) {
        const WhyWaiting why = WaitingRoom(sight.view, sight.now).why(*item);
        body["why_waiting"] = json::object{{"code", why.code}, {"sentence", why.sentence}};
    }
    return json_response(body);
}

Answer work_status(const Sight& sight, const Call&) {
    json::object body = work_queue_json(sight);
    const std::string& leader = sight.view.leadership.leader.value;
    body["is_leader"] = leader == sight.options.node;
    body["leader_id"] = leader.empty() ? json::value() : json::value(leader);
    return json_response(body);
}

/// The claimed and running items, over the index of leases.
std::vector<const WorkItem*> leased(const Sight& sight) {
    std::vector<const WorkItem*> items;
    for (const auto& [node, works] : sight.view.work.leased_by_node) {
        for (const bus::WorkId& work : works) {
            if (const WorkItem* item = find(sight.view.work, work)) items.push_back(item);
        }
    }
    return items;
}

json::array jobs_json(const Sight& sight, const WorkFilter& filter, std::size_t limit) {
    json::array jobs;
    for (const WorkItem* item : leased(sight)) {
        if (jobs.size() < limit && filter.fits(*item))
            jobs.push_back(job_json(*item, sight.pulse, sight.now));
    }
    return jobs;
}

Answer jobs(const Sight& sight, const Call& call) {
    Parameters parameters(call.request);
    const WorkFilter filter = filter_from(parameters);
    const auto limit =
        static_cast<std::size_t>(parameters.integer("limit", items_max, 1, items_max));
    if (parameters.problem()) return *parameters.problem();
    json::array active = jobs_json(sight, filter, limit);
    const std::size_t count = active.size();
    return json_response(
        {{"active_jobs", std::move(active)}, {"count", count}, {"node_id", sight.options.node}});
}

/// As the original's /api/jobs; parameters that it does not know are passed
/// over, as there.
Answer original_jobs(const Sight& sight, const Call&) {
    json::array active = jobs_json(sight, {}, items_max);
    const std::size_t count = active.size();
    return json_response({{"success", true}, {"jobs", std::move(active)}, {"total", count}});
}

Answer job_output(const Sight& sight, const Call& call) {
    const std::string& work = call.path.at("work");
    const std::string stream = call.request.segments.back();
    Parameters parameters(call.request);
    const auto fence = static_cast<bus::Position>(
        parameters.integer("fence", 0, 0, std::numeric_limits<std::int64_t>::max()));
    const auto bytes =
        static_cast<std::size_t>(parameters.integer("bytes", 64 * 1024, 1, output_bytes_max));
    if (parameters.problem()) return *parameters.problem();
    auto output = sight.ports.job_output ? sight.ports.job_output({work}, fence, stream, bytes)
                                         : std::nullopt;
    if (output) {
        Response response = {.content_type = "text/plain; charset=utf-8",
                             .body = std::move(output->text)};
        response.headers["X-RingRift-Fence"] = std::to_string(output->fence);
        response.headers["X-RingRift-Cut"] = output->cut ? "true" : "false";
        return response;
    }
    const WorkItem* item = find(sight.view.work, {work});
    if (item == nullptr) return no_work(work);
    const std::string holder = item->lease ? std::string(item->lease->node.value) : std::string();
    const bool elsewhere = !holder.empty() && holder != sight.options.node;
    return error_response(
        404, "no_output", "Nothing that " + work + " printed is kept on this node.",
        elsewhere ? "It runs on " + holder + "; ask there."
                  : "Failed attempts keep their last lines in /work/" + work + ".");
}

const std::vector<Parameter> filters = {
    {"status", "string",
     "pending, claimed, running, completed, failed, timeout, cancelled or "
     "parked"},
    {"type", "string", "selfplay, export, training, evaluation, tournament or sync"},
    {"config", "string", "e.g. hex5_2p"},
    {"node", "string", "Only what this node holds"},
    {"limit", "integer", "At most so many"}};
const std::vector<Parameter> output_parameters = {
    {"fence", "integer", "Which attempt; the newest by default"},
    {"bytes", "integer", "The last so many; 65536 by default"}};

}  // namespace

std::vector<Route> work_routes() {
    return {
        {.method = "GET",
         .pattern = "/work",
         .summary = "Items of the queue, newest first",
         .query = filters,
         .answer = work_list},
        {.method = "GET",
         .pattern = "/work/status",
         .summary = "The queue in numbers, as .work_queue in /status",
         .answer = work_status,
         .alias_of = "/status"},
        {.method = "GET",
         .pattern = "/work/{work}",
         .summary = "One item with its needs, setbacks and result",
         .answer = work_item},
        {.method = "GET",
         .pattern = "/jobs",
         .summary = "What is claimed or runs, in the whole cluster",
         .query = filters,
         .answer = jobs},
        {.method = "GET",
         .pattern = "/api/jobs",
         .summary = "As /jobs",
         .answer = original_jobs,
         .alias_of = "/jobs"},
        {.method = "GET",
         .pattern = "/jobs/{work}/stdout",
         .summary = "What the job printed on this node",
         .query = output_parameters,
         .answer = job_output},
        {.method = "GET",
         .pattern = "/jobs/{work}/stderr",
         .summary = "What the job printed on this node as errors",
         .query = output_parameters,
         .answer = job_output},
    };
}

}  // namespace ringrift::ops::http
