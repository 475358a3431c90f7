#include "ops/cli/command_words.hpp"

#include <CLI/CLI.hpp>

#include "ops/did_you_mean.hpp"

namespace ringrift::ops::cli {
namespace {

std::vector<std::string> names_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        if (!command->get_name().empty()) names.push_back(command->get_name());  // No option group.
    }
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

const CLI::App* command_of(const CLI::App& app, const std::string& name) {
    for (const CLI::App* command : app.get_subcommands({})) {
        if (command->check_name(name)) return command;
    }
    return nullptr;
}

}  // namespace

std::optional<std::string> wrong_command(const CLI::App& app,
                                         const std::vector<std::string>& words) {
    const CLI::App* at = &app;
    std::string said = app.get_name().empty() ? "ringrift" : app.get_name();
    for (const std::string& word : words) {
        if (word.starts_with("-")) return {};  // From here on CLI11 knows better.
        const auto names = names_of(*at);
        if (names.empty()) return {};
        const CLI::App* next = command_of(*at, word);
        if (next == nullptr) {
            const std::vector<std::string_view> known(names.begin(), names.end());
            return "there is no command '" + said + " " + word + "'" + did_you_mean(word, known) +
                   "\nThere are: " + listed(names) + ". '" + said + " --help' explains them.";
        }
        at = next;
        said += " " + word;
    }
    if (at->get_require_subcommand_min() == 0) return {};
    return "'" + said + "' needs a command: " + listed(names_of(*at)) + ". '" + said +
           " --help' explains them.";
}

}  // namespace ringrift::ops::cli
