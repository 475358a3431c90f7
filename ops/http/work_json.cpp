// Work as the API shows it: an item, a job, the queue.

#include <algorithm>

#include <boost/json.hpp>

#include "bus/json_kinds.hpp"
#include "ops/http/views_json.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;
using bus::json_detail::enum_name;
using projections::WorkStatus;

json::object result_json(const bus::WorkResult& result) {
    json::array files;
    for (const bus::FileMade& file : result.files) {
        files.push_back({{"name", file.name},
                         {"file", file.file.value},
                         {"bytes", file.bytes},
                         {"games", file.games}});
    }
    return {{"games", result.games},   {"samples", result.samples},
            {"steps", result.steps},   {"loss", from_micro(result.loss_micro)},
            {"wins", result.wins},     {"draws", result.draws},
            {"losses", result.losses}, {"pentanomial", pentanomial_json(result.pentanomial)},
            {"files", files}};
}

}  // namespace

std::int64_t count_of(const projections::WorkView& work, bus::WorkType type, WorkStatus status) {
    const auto found = work.by_type.find({type, status});
    return found == work.by_type.end() ? 0 : found->second;
}

json::object work_json(const projections::WorkItem& item, bus::Time now) {
    const bus::WorkQueued& order = item.order;
    json::object work = {{"work_id", order.work.value},
                         {"type", enum_name(order.type)},
                         {"config", order.config.value},
                         {"status", enum_name(item.status)},
                         {"priority", order.priority},
                         {"queued_at", bus::to_text(item.queued_at)},
                         {"age_seconds", seconds_between(item.queued_at, now)},
                         {"in_status_seconds", seconds_between(in_status_since(item), now)},
                         {"attempts", item.attempts},
                         {"attempts_max", order.attempts_max},
                         {"setbacks", item.setbacks_total},
                         {"reason", text_or_null(item.reason)}};
    work["node"] = item.lease ? json::value(item.lease->node.value) : json::value();
    work["fence"] = item.lease ? json::value(item.lease->fence) : json::value();
    return work;
}

json::object work_details_json(const projections::WorkItem& item, bus::Time now) {
    const bus::WorkQueued& order = item.order;
    json::object work = work_json(item, now);
    json::array depends_on, inputs, setbacks;
    for (const bus::WorkId& other : order.depends_on) depends_on.emplace_back(other.value);
    for (const bus::FileDigest& input : order.inputs) inputs.emplace_back(input.value);
    for (const projections::Setback& setback : item.setbacks) {
        setbacks.push_back({{"node", setback.node.value},
                            {"at", bus::to_text(setback.at)},
                            {"kind", setback.kind},
                            {"reason", setback.reason},
                            {"stderr_tail", setback.stderr_tail}});
    }
    work["model"] = text_or_null(order.model.value);
    work["baseline"] = text_or_null(order.baseline.value);
    work["games"] = order.games;
    work["seed"] = order.seed;
    work["timeout_seconds"] = from_milli(order.timeout_ms.count());
    work["not_before"] = time_or_null(item.not_before_at);
    work["dedup_key"] = text_or_null(order.dedup_key);
    work["depends_on"] = std::move(depends_on);
    work["inputs"] = std::move(inputs);
    work["needs"] = json::object{{"slots", order.needs.slots},
                                 {"gpus", order.needs.gpus},
                                 {"memory_bytes", order.needs.memory_bytes},
                                 {"vram_bytes", order.needs.vram_bytes},
                                 {"disk_bytes", order.needs.disk_bytes}};
    work["last_setbacks"] = std::move(setbacks);
    work["result"] = item.status == WorkStatus::completed ? json::value(result_json(item.result))
                                                          : json::value();
    work["ended_at"] =
        is_open(item.status) ? json::value() : json::value(bus::to_text(item.ended_at));
    return work;
}

json::object job_json(const projections::WorkItem& item, const Pulse& pulse, bus::Time now) {
    const bus::WorkQueued& order = item.order;
    const bus::Position fence = item.lease ? item.lease->fence : 0;
    const auto since = in_status_since(item);
    json::object job = {{"job_id", order.work.value},
                        {"work_id", order.work.value},
                        {"type", enum_name(order.type)},
                        {"job_type", enum_name(order.type)},
                        {"config", order.config.value},
                        {"node", item.lease ? item.lease->node.value : ""},
                        {"node_id", item.lease ? item.lease->node.value : ""},
                        {"status", enum_name(item.status)},
                        {"started_at", unix_seconds(since)},
                        {"age_seconds", seconds_between(since, now)},
                        {"attempt", item.attempts},
                        {"fence", fence},
                        {"games_wanted", order.games},
                        {"pid", nullptr},
                        {"progress", nullptr}};
    // Only this node knows what its own processes do; of other nodes' jobs the
    // log tells the rest.
    const auto here = std::ranges::find(pulse.jobs, fence, &projections::JobHere::fence);
    if (here == pulse.jobs.end() || fence == 0) return job;
    job["pid"] = here->pid;
    job["progress"] = from_micro(here->progress_ppm);
    job["games"] = here->games;
    job["stopping"] = here->stopping;
    job["fetching_inputs"] = here->fetching;
    return job;
}

json::object work_queue_json(const Sight& sight) {
    const projections::WorkView& work = sight.view.work;
    const QueueSummary& summary = sight.queue();
    json::object by_status, by_type, by_type_and_status, oldest, why, counts;
    std::int64_t open = 0;
    for (int i = 0; i <= static_cast<int>(WorkStatus::parked); ++i) {
        const auto status = static_cast<WorkStatus>(i);
        const auto found = work.by_status.find(status);
        const std::int64_t count = found == work.by_status.end() ? 0 : found->second;
        by_status[enum_name(status)] = count;
        if (is_open(status)) open += count;
    }
    for (const auto& [key, count] : work.by_type) {
        const auto type = enum_name(key.first);
        by_type[type] = (by_type.contains(type) ? by_type.at(type).as_int64() : 0) + count;
        if (!by_type_and_status.contains(type)) by_type_and_status[type] = json::object();
        by_type_and_status.at(type).as_object()[enum_name(key.second)] = count;
    }
    for (const auto status :
         {WorkStatus::pending, WorkStatus::claimed, WorkStatus::running, WorkStatus::parked}) {
        const auto since = summary.oldest.find(status);
        oldest[enum_name(status)] =
            since == summary.oldest.end() ? 0.0 : seconds_between(since->second, sight.now);
    }
    for (const auto& [code, group] : summary.why_waiting) {
        why[code] = {
            {"items", group.items}, {"example", group.example.value}, {"sentence", group.sentence}};
    }
    for (const auto& [name, count] : work.counts) counts[name] = count;
    return {{"total_items", work.items.size()},
            {"open_items", open},
            {"by_status", by_status},
            {"by_type", by_type},
            {"by_type_and_status", by_type_and_status},
            {"oldest_age_seconds", oldest},
            {"why_waiting", why},
            {"stats", counts}};
}

}  // namespace ringrift::ops::http
