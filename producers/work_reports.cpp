// What nodes report of their own claims. A report that comes late is refused, and says so; a whole
// result is said all the same, for the fold to refuse where everybody sees it.

#include <algorithm>

#include "producers/drafting.hpp"
#include "producers/late_results.hpp"
#include "producers/work.hpp"

namespace ringrift::producers {
namespace {

using projections::WorkItem;

Refusal not_held(const Sight& sight, const bus::WorkId& work, bus::Position fence) {
    const std::string claim = work.value + " with fence " + std::to_string(fence);
    const WorkItem* item = find(sight.cluster.work, work);
    if (!item) return refuse(Refusal::Kind::not_held, claim + " is not known any more");
    if (!item->lease) return refuse(Refusal::Kind::not_held, claim + " has ended");
    return refuse(Refusal::Kind::not_held, claim + " is held by " + item->lease->node.value +
                                               " with fence " + std::to_string(item->lease->fence));
}

bool has_scores(const bus::WorkResult& result) {
    return result.wins > 0 || result.draws > 0 || result.losses > 0 ||
           std::ranges::any_of(result.pentanomial, [](std::int64_t pairs) { return pairs > 0; });
}

/// What the evidence lacks for the work to be done; empty when it is.
std::string fault_of(bus::WorkType type, const bus::WorkResult& result) {
    const auto is_negative = [](std::int64_t n) { return n < 0; };
    const bool has_file = std::ranges::any_of(result.files, [](const bus::FileMade& file) {
        return !file.file.empty() && file.bytes > 0;
    });
    if (is_negative(result.games) || is_negative(result.samples) || is_negative(result.wins) ||
        is_negative(result.draws) || is_negative(result.losses) ||
        std::ranges::any_of(result.pentanomial, is_negative)) {
        return "a count is negative";
    }
    switch (type) {
        case bus::WorkType::selfplay:
            if (result.games == 0) return "no game was played";
            if (std::ranges::none_of(result.files,
                                     [](const auto& file) { return file.games > 0; })) {
                return "no file with games was made";
            }
            return has_file ? "" : "no file was made";
        case bus::WorkType::export_:
            if (result.samples == 0) return "no sample was exported";
            return has_file ? "" : "no file was made";
        case bus::WorkType::training: return has_file ? "" : "no model was made";
        case bus::WorkType::evaluation:
        case bus::WorkType::tournament:
            return result.games > 0 && has_scores(result) ? "" : "no game was played";
        case bus::WorkType::sync: return "";
    }
    return "";
}

/// One fact for each file with games that the data view has not heard of.
std::vector<Draft> recorded_games(const Sight& sight, const bus::WorkCompleted& done,
                                  const WorkItem* item) {
    std::vector<Draft> drafts;
    for (const bus::FileMade& made : done.result.files) {
        const auto known = sight.cluster.data.files.find(made.file);
        const bool is_news =
            known == sight.cluster.data.files.end() || known->second.kind != bus::FileKind::games;
        if (made.games < 1 || made.bytes < 1 || made.file.empty() || !is_news) continue;
        drafts.push_back(
            {.id = id_of(made.file.value, "recorded"),
             .causation = item ? item->last_event : bus::EventId{},
             .correlation = item ? item->correlation : bus::EventId{},
             .fact = bus::GamesRecorded{.file = made.file,
                                        .name = made.name,
                                        .node = done.node,
                                        .config = item ? item->order.config : done.config,
                                        .model = item ? item->order.model : bus::ModelId{},
                                        .games = made.games,
                                        .bytes = made.bytes,
                                        .work = done.work}});
    }
    return drafts;
}

Decision decide_late(const Sight& sight, bus::WorkCompleted done) {
    const WorkItem* item = find(sight.cluster.work, done.work);
    if (item) {
        done.type = item->order.type;
        done.config = item->order.config;
    }
    auto id = id_of(done.work.value, "completed", done.fence);
    const bool is_said =
        item && (item->last_event == id || std::ranges::count(item->too_late, done.fence) > 0);
    if (is_said) return not_held(sight, done.work, done.fence);
    if (late_result_of(done.type) == LateResult::keep) {
        std::vector<Draft> drafts = recorded_games(sight, done, item);
        if (!drafts.empty()) return drafts;
    } else if (item && fault_of(done.type, done.result).empty()) {
        return say({.id = std::move(id),
                    .causation = item->last_event,
                    .correlation = item->correlation,
                    .fact = std::move(done)});
    }
    return not_held(sight, done.work, done.fence);
}

/// The last bytes, cut where a UTF-8 character begins.
std::string tail_of(const std::string& text) {
    if (text.size() <= stderr_tail_bytes_max) return text;
    std::size_t at = text.size() - stderr_tail_bytes_max;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    return text.substr(at);
}

Decision say_failed(const WorkItem& item, bus::WorkFailed failed) {
    failed.stderr_tail = tail_of(failed.stderr_tail);
    auto id = id_of(failed.work.value, "failed", failed.fence);
    return say({.id = std::move(id),
                .causation = item.last_event,
                .correlation = item.correlation,
                .fact = std::move(failed)});
}

}  // namespace

Decision decide(const Sight& sight, const ReportStarted& command) {
    const WorkItem* item = held(sight.cluster.work, command.work, command.node, command.fence);
    if (!item) return not_held(sight, command.work, command.fence);
    if (item->lease->started_at) {
        return refuse(Refusal::Kind::duplicate, command.work.value + " runs already");
    }
    return say({.id = id_of(command.work.value, "started", command.fence),
                .causation = item->last_event,
                .correlation = item->correlation,
                .fact = bus::WorkStarted{
                    .work = command.work, .node = command.node, .fence = command.fence}});
}

Decision decide(const Sight& sight, const ReportCompleted& command) {
    bus::WorkCompleted done = command.completed;
    const WorkItem* item = held(sight.cluster.work, done.work, done.node, done.fence);
    if (!item) return decide_late(sight, std::move(done));
    done.type = item->order.type;
    done.config = item->order.config;
    if (const std::string fault = fault_of(done.type, done.result); !fault.empty()) {
        return say_failed(*item, {.work = done.work,
                                  .node = done.node,
                                  .fence = done.fence,
                                  .kind = bus::FailureKind::bad_result,
                                  .reason = "reported as completed, but " + fault});
    }
    std::vector<Draft> drafts;
    if (done.type == bus::WorkType::selfplay) drafts = recorded_games(sight, done, item);
    const bus::EventId id = id_of(done.work.value, "completed", done.fence);
    drafts.push_back({.id = id,
                      .causation = item->last_event,
                      .correlation = item->correlation,
                      .fact = std::move(done)});
    return drafts;
}

Decision decide(const Sight& sight, const ReportFailed& command) {
    const bus::WorkFailed& failed = command.failed;
    const WorkItem* item = held(sight.cluster.work, failed.work, failed.node, failed.fence);
    if (!item) return not_held(sight, failed.work, failed.fence);
    return say_failed(*item, failed);
}

Decision decide(const Sight& sight, const ReleaseWork& command) {
    const WorkItem* item = held(sight.cluster.work, command.work, command.node, command.fence);
    if (!item) return not_held(sight, command.work, command.fence);
    return say({.id = id_of(command.work.value, "released", command.fence),
                .causation = item->last_event,
                .correlation = item->correlation,
                .fact = bus::WorkReleased{.work = command.work,
                                          .node = command.node,
                                          .fence = command.fence,
                                          .reason = command.reason}});
}

}  // namespace ringrift::producers
