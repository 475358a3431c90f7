#include "consumers/workload.hpp"

#include <algorithm>

namespace ringrift::consumers {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

bool is_word_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || letter == '_';
}

/// Length of the placeholder that starts at `text[0]`, braces included; 0 when there is none.
std::size_t placeholder_length(std::string_view text) {
    if (text.empty() || text.front() != '{') return 0;
    std::size_t end = 1;
    while (end < text.size() && is_word_letter(text[end])) ++end;
    return end > 1 && end < text.size() && text[end] == '}' ? end + 1 : 0;
}

/// What the program is told instead of a model id: a path, or the text `init`.
bus::Result<std::string, CannotRun> model_text(const bus::ModelId& model, const NodePlaces& places,
                                               JobOrder& order) {
    if (model == bus::init_model) return std::string(model.value);
    const bus::FileDigest file = {model.value};
    const auto path = places.path_of(file);
    if (!path) return CannotRun{.sentence = "model " + model.value + " is not on this node"};
    const JobInput input = {.file = file, .path = *path};
    if (std::find(order.models.begin(), order.models.end(), input) == order.models.end()) {
        order.models.push_back(input);
    }
    return *path;
}

/// A seed that every program can read: not negative.
std::string seed_text(std::int64_t seed) {
    return std::to_string(static_cast<std::uint64_t>(seed) >> (seed < 0 ? 1 : 0));
}

bus::Result<std::string, CannotRun> fill_in(std::string_view argument, const Values& values) {
    std::string text;
    while (!argument.empty()) {
        const std::size_t length = placeholder_length(argument);
        if (length == 0) {
            text += argument.front();
            argument.remove_prefix(1);
            continue;
        }
        const std::string_view name = argument.substr(1, length - 2);
        const auto value = values.find(name);
        if (value == values.end())
            return CannotRun{.sentence = "{" + std::string(name) + "} has no value"};
        text += value->second;
        argument.remove_prefix(length);
    }
    return text;
}

/// Models into `order.models`, and all that placeholders may ask for.
bus::Result<Values, CannotRun> values_for(const bus::WorkQueued& work, const NodePlaces& places,
                                          JobOrder& order) {
    Values values = {{"bin", places.programs.string()},
                     {"workload", places.workload.string()},
                     {"config", work.config.value},
                     {"seed", seed_text(work.seed)},
                     {"games", std::to_string(work.games)},
                     {"pairs", std::to_string(work.games)},
                     {"inputs", "{inputs}"},
                     {"output", "{output}"}};
    if (!work.model.empty()) {
        auto model = model_text(work.model, places, order);
        if (!model) return model.error();
        values["candidate"] = *model;
        values["model"] = *std::move(model);
    }
    if (!work.baseline.empty()) {
        auto baseline = model_text(work.baseline, places, order);
        if (!baseline) return baseline.error();
        values["baseline"] = *std::move(baseline);
    }
    return values;
}

void set_environment(const bus::WorkQueued& work, const Values& values, JobOrder& order) {
    order.environment = {{"RINGRIFT_WORK_ID", work.work.value},
                         {"RINGRIFT_FENCE", std::to_string(order.job.fence)},
                         {"RINGRIFT_WORK_TYPE", std::string(name_of(work.type))},
                         {"RINGRIFT_CONFIG", work.config.value},
                         {"RINGRIFT_SEED", values.at("seed")}};
    if (const auto model = values.find("model"); model != values.end()) {
        order.environment["RINGRIFT_MODEL"] = model->second;
    }
    if (const auto baseline = values.find("baseline"); baseline != values.end()) {
        order.environment["RINGRIFT_BASELINE"] = baseline->second;
    }
}

CannotRun cannot_run(const bus::WorkQueued& work, const std::string& why) {
    return {.sentence = std::string(name_of(work.type)) + " work " + work.work.value +
                        " cannot run here: " + why};
}

/// Models and inputs that are not on this node, each once.
std::vector<bus::FileDigest> missing_of(const bus::WorkQueued& work, const NodePlaces& places) {
    std::vector<bus::FileDigest> missing;
    const auto look_for = [&](const bus::FileDigest& file) {
        if (!places.path_of(file) && std::ranges::count(missing, file) == 0)
            missing.push_back(file);
    };
    for (const bus::ModelId& model : {work.model, work.baseline}) {
        if (!model.empty() && model != bus::init_model) look_for({model.value});
    }
    for (const bus::FileDigest& file : work.inputs) look_for(file);
    return missing;
}

}  // namespace

std::string_view name_of(bus::WorkType type) {
    switch (type) {
        case bus::WorkType::selfplay: return "selfplay";
        case bus::WorkType::export_: return "export";
        case bus::WorkType::training: return "training";
        case bus::WorkType::evaluation: return "evaluation";
        case bus::WorkType::tournament: return "tournament";
        case bus::WorkType::sync: return "sync";
    }
    return "";
}

std::vector<std::string_view> placeholders_of(bus::WorkType type) {
    std::vector<std::string_view> names = {"bin", "workload", "config", "seed", "output"};
    const auto add = [&](std::initializer_list<std::string_view> more) {
        names.insert(names.end(), more);
    };
    switch (type) {
        case bus::WorkType::selfplay: add({"model", "games"}); break;
        case bus::WorkType::export_: add({"inputs"}); break;
        case bus::WorkType::training: add({"model", "inputs"}); break;
        case bus::WorkType::evaluation:
        case bus::WorkType::tournament: add({"candidate", "baseline", "pairs"}); break;
        case bus::WorkType::sync: break;
    }
    return names;
}

std::vector<std::string> placeholders_in(std::string_view argument) {
    std::vector<std::string> names;
    while (!argument.empty()) {
        const std::size_t length = placeholder_length(argument);
        if (length > 0) names.emplace_back(argument.substr(1, length - 2));
        argument.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return names;
}

bus::Result<JobOrder, CannotRun> expand(const CommandTemplates& commands,
                                        const bus::WorkQueued& work, bus::Position fence,
                                        const NodePlaces& places) {
    const auto command = commands.find(work.type);
    if (command == commands.end())
        return cannot_run(work, "the workload has no command for its type");
    JobOrder order = {.job = {.work = work.work, .fence = fence},
                      .type = work.type,
                      .config = work.config,
                      .timeout = work.timeout_ms,
                      .gpus = work.needs.gpus,
                      .memory_bytes_max = work.needs.memory_bytes,
                      .output_bytes_max = work.needs.disk_bytes};
    const auto lacking = [&](const std::string& why) {
        CannotRun reason = cannot_run(work, why);
        reason.missing = missing_of(work, places);
        return reason;
    };
    const auto values = values_for(work, places, order);
    if (!values) return lacking(values.error().sentence);
    for (const std::string& argument : command->second.argv) {
        auto filled = fill_in(argument, *values);
        if (!filled) return cannot_run(work, "in its command, " + filled.error().sentence);
        order.argv.push_back(*std::move(filled));
    }
    for (const bus::FileDigest& file : work.inputs) {
        const auto path = places.path_of(file);
        if (!path) return lacking("input " + file.value + " is not on this node");
        order.inputs.push_back({.file = file, .path = *path});
    }
    set_environment(work, *values, order);
    return order;
}

}  // namespace ringrift::consumers
