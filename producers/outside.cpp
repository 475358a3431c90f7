#include "producers/outside.hpp"

#include <algorithm>

#include "bus/aliases.hpp"
#include "producers/data.hpp"
#include "producers/digest.hpp"
#include "producers/drafting.hpp"
#include "producers/ingest.hpp"

namespace ringrift::producers {
namespace {

namespace json = boost::json;
using Answer = std::variant<TakenIn, Refusal>;

constexpr std::size_t derived_digits = 16;  // Of a digest: ids that no two events share by chance.

Refusal wrong(std::string sentence) {
    return refuse(Refusal::Kind::invalid, std::move(sentence));
}

std::string text_in(const json::object& data, std::string_view name) {
    const json::value* value = data.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

bool is_false(const json::object& data, std::string_view name) {
    const json::value* value = data.if_contains(name);
    return value != nullptr && value->is_bool() && !value->get_bool();
}

/// The types that name something by an id which only the original's programs know, or not even
/// they.
std::string_view id_field_of(std::string_view type) {
    if (type == "TRAINING_STARTED" || type == "TRAINING_FAILED") return "work";
    if (type == "DATA_SYNC_STARTED" || type == "DATA_SYNC_FAILED") return "sync";
    return {};
}

void set_if_absent(const bus::FactKind& kind, json::object& data, std::string_view name,
                   const std::string& value) {
    const bool has = std::ranges::find(kind.fields, name) != kind.fields.end();
    if (has && !value.empty() && !data.contains(name)) data.emplace(name, value);
}

/// Who says it is known of a job of ours, and with it what it works on.
void add_what_is_known(const Sight& sight, const OutsideEvent& event, const bus::FactKind& kind,
                       json::object& data) {
    if (!event.job.empty()) {
        set_if_absent(kind, data, "work", event.job.value);
        set_if_absent(kind, data, "node", sight.host.self.value);
        if (const auto* item = find(sight.cluster.work, event.job)) {
            set_if_absent(kind, data, "config", item->order.config.value);
        }
    }
    const std::string_view field = id_field_of(kind.info.type);
    if (field.empty()) return;
    const std::string content = digest_of(std::string(kind.info.type) + event.data);
    set_if_absent(kind, data, field, "outside-" + content.substr(0, derived_digits));
}

/// Whether the event names files that anybody could look for.
bool names_files(const json::object& data) {
    const json::value* files = data.if_contains("files");
    return files != nullptr && files->is_array() && !files->get_array().empty() &&
           std::ranges::all_of(files->get_array(), [](const json::value& file) {
               return file.is_string() && is_digest(std::string_view(file.get_string()));
           });
}

/// The nodes at which the files are: those they were copied to, else the one that is named.
std::vector<bus::NodeId> targets_of(const json::object& data) {
    std::vector<bus::NodeId> nodes;
    const json::value* targets = data.if_contains("target_nodes");
    if (targets != nullptr && targets->is_array()) {
        for (const json::value& target : targets->get_array()) {
            if (target.is_string()) nodes.push_back({std::string(target.get_string())});
        }
    }
    if (nodes.empty() && !text_in(data, "node").empty()) nodes.push_back({text_in(data, "node")});
    return nodes;
}

/// Keeps the event as it came, under the config it is about.
Answer park(const OutsideEvent& event, std::string_view type, const json::object& data,
            const std::string& lacks) {
    return TakenIn{.commands = {ParkEvent{.id = event.id,
                                          .cause = event.cause,
                                          .type = std::string(type),
                                          .subject = text_in(data, "config"),
                                          .data = event.data,
                                          .lacks = lacks}},
                   .parked = lacks};
}

/// A sync that names no files says that *something* arrived. Which games lie at a node is in the
/// log, from manifests and copies that were verified; those are synchronised by it, and no others.
Answer take_sync(const Sight& sight, const OutsideEvent& event, const json::object& data) {
    std::vector<bus::ConfigKey> configs;
    if (!text_in(data, "config").empty()) configs.push_back({text_in(data, "config")});
    if (configs.empty()) {
        for (const auto& [config, known] : sight.cluster.data.configs) configs.push_back(config);
    }
    const std::vector<bus::NodeId> nodes = targets_of(data);
    if (nodes.empty()) return wrong("name the node that the files are at (node or target_nodes)");
    TakenIn taken;
    for (const bus::ConfigKey& config : configs) {
        for (const bus::NodeId& node : nodes) {
            const CompleteSync sync = {.config = config, .node = node};
            if (std::holds_alternative<Refusal>(decide(sight, sync))) continue;
            taken.commands.push_back(sync);
            break;  // The same files are synchronised once, wherever else they are.
        }
    }
    if (!taken.commands.empty()) return taken;
    const bool recorded = std::ranges::any_of(configs, [&](const bus::ConfigKey& config) {
        return sight.cluster.data.configs.contains(config);
    });
    if (recorded) {
        return refuse(Refusal::Kind::duplicate,
                      "it names no files, and all games that the log knows to be there are "
                      "synchronised already");
    }
    return park(event, bus::DataSyncCompleted::info.type, data,
                "it names no files, and no games of its config are recorded yet; send "
                "GAMES_RECORDED with their digests, then drive this anew");
}

/// The file that the fact rests on, where it rests on one.
const bus::IdText* file_of(const bus::Fact& fact) {
    if (const auto* e = std::get_if<bus::GamesRecorded>(&fact)) return &e->file.value;
    if (const auto* e = std::get_if<bus::NpzExportComplete>(&fact)) return &e->file.value;
    if (const auto* e = std::get_if<bus::TrainingCompleted>(&fact)) return &e->model.value;
    return nullptr;
}

/// The field of `file_of`, for types that are worth keeping until it is known.
std::string_view file_field_of(std::string_view type) {
    if (type == bus::GamesRecorded::info.type) return "file";
    if (type == bus::NpzExportComplete::info.type) return "file";
    if (type == bus::TrainingCompleted::info.type) return "model";
    return {};
}

Answer lacks_digest(const OutsideEvent& event, std::string_view type, const json::object& data) {
    if (!event.job.empty()) {
        return refuse(Refusal::Kind::duplicate,
                      "the result file of " + event.job.value +
                          " says it with the file's digest; no event is needed");
    }
    return park(event, type, data,
                "it names no file by its SHA-256; put the file into the data folder of a node as "
                "files/<its first 2 digits>/<SHA-256>, and drive this anew with '" +
                    std::string(file_field_of(type)) + "'");
}

std::string why_not_from_outside(std::string_view type) {
    if (type == bus::EvaluationCompleted::info.type || type == bus::EvaluationStarted::info.type) {
        return "an evaluation from outside decides nothing: candidates are judged here, in pairs "
               "of games that jobs of the cluster play; send TRAINING_COMPLETED with the digest";
    }
    if (type == bus::ModelPromoted::info.type) {
        return "nobody promotes a model from outside; send TRAINING_COMPLETED with its digest, and "
               "it is judged";
    }
    return "this event is not taken from outside: send data, training or rating facts, and add "
           "work through POST /work/add";
}

Answer take_object(const Sight& sight, const OutsideEvent& event, json::value& value) {
    json::object& data = value.get_object();
    const bus::FactKind* kind = bus::fact_kind(bus::canonical_type(event.type));
    if (kind == nullptr) return wrong("type '" + event.type + "' is not known to this program");
    if (is_false(data, "success")) {
        const std::string_view failure = bus::failure_of(kind->info.type);
        if (failure.empty()) {
            return wrong("it says of itself that it failed; a failure is no " +
                         std::string(kind->info.type));
        }
        kind = bus::fact_kind(failure);
    }
    const std::string_view type = kind->info.type;
    bus::adopt_fields(*kind, data);
    add_what_is_known(sight, event, *kind, data);
    if (kind->info.authority == bus::Authority::leader) return wrong(why_not_from_outside(type));
    if (type == bus::DataSyncCompleted::info.type && !names_files(data)) {
        return take_sync(sight, event, data);
    }
    set_if_absent(*kind, data, file_field_of(type), "unnamed");
    bus::Fact fact;
    bus::JsonProblem problem;
    if (!kind->read(value, fact, problem) || !bus::ids_are_sound(fact, problem)) {
        return wrong("this is no " + std::string(type) + ": " + problem.sentence());
    }
    const IngestFact command = {.id = event.id, .cause = event.cause, .fact = std::move(fact)};
    const Decision decision = decide(sight, command);
    if (const auto* refusal = std::get_if<Refusal>(&decision)) return *refusal;
    const bus::IdText* digest = file_of(command.fact);
    if (digest != nullptr && !is_digest(*digest)) return lacks_digest(event, type, data);
    return TakenIn{.commands = {command}, .parked = {}};
}

}  // namespace

Answer take_in(const Sight& sight, const OutsideEvent& event) {
    json::monotonic_resource memory;
    json::value value(&memory);
    bus::JsonProblem problem;
    if (!bus::parse_json(event.data, &memory, value, problem)) return wrong(problem.sentence());
    if (!value.is_object()) return wrong("the data should be an object");
    return take_object(sight, event, value);
}

Decision decide(const Sight&, const ParkEvent& command) {
    if (command.type.empty() || command.lacks.empty())
        return wrong("what is parked needs a type and a reason");
    return say({.id = command.id,
                .causation = command.cause,
                .correlation = {},
                .fact = bus::Unread{.why = bus::Unread::Why::parked,
                                    .type = command.type,
                                    .subject = command.subject,
                                    .problem = command.lacks,
                                    .data = command.data}});
}

}  // namespace ringrift::producers
