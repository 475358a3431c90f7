// The command line's half of the option table. Apart from it, because CLI11 is slow to compile.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "ops/option_table.hpp"

namespace ringrift::ops {

void add_option_flags(CLI::App& command, OptionSources& said,
                      const std::vector<std::string_view>& keys) {
    const Options defaults;
    command
        .add_option_function<std::string>(
            "--config", [&said](const std::string& file) { said.file = file; },
            "TOML file with options [RINGRIFT_CONFIG_FILE]")
        ->type_name("FILE")
        ->group("Node");
    for (const OptionRow& row : option_table()) {
        if (!keys.empty() && std::find(keys.begin(), keys.end(), row.key) == keys.end()) continue;
        const std::string key(row.key);
        const std::string standard = row.is_secret ? "" : row.write(defaults);
        const std::string help = std::string(row.help) + " [" + std::string(row.environment) +
                                 (standard.empty() ? "" : ", " + standard) + "]";
        CLI::Option* option = nullptr;
        if (row.is_switch) {  // --x is true, --x=false is said to count -1
            option = command.add_flag_function(
                std::string(row.flag),
                [&said, key](std::int64_t count) {
                    said.flags[key] = count > 0 ? "true" : "false";
                },
                help);
        } else {
            option = command.add_option_function<std::string>(
                std::string(row.flag),
                [&said, key](const std::string& text) { said.flags[key] = text; }, help);
            option->type_name("");
        }
        option->group(std::string(row.group));
    }
}

}  // namespace ringrift::ops
