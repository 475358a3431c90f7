#pragma once

// The one table of options: key, flag, environment variable, help, and how text becomes a value.
//
// Command line, environment, file, `config show` and the README's list are all made from it, so an
// option is added in two places: here and in struct Options. Constant; any thread.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ops/options.hpp"

namespace CLI {
class App;
}

namespace ringrift::ops {

enum class Written { bare, quoted };  ///< In TOML and JSON: numbers and booleans stand bare.

struct OptionRow {
    std::string_view key = {};  ///< In the TOML file.
    std::string_view flag = {};
    std::string_view environment = {};
    std::string_view group = {};  ///< Heading in `--help`.
    std::string_view help = {};
    std::string_view expected = {};  ///< e.g. `a whole number from 0 to 65535`.
    Written written = Written::quoted;
    bool is_switch = false;  ///< The flag alone means true.
    bool is_secret = false;
    std::string (*masked)(const std::string&) = nullptr;  ///< What may be shown of a secret.
    std::function<bool(Options&, const std::string&)> read = {};  ///< False if not as expected.
    std::function<std::string(const Options&)> write = {};        ///< What `read` takes.
};

const std::vector<OptionRow>& option_table();

/// Adds a flag for each row, and `--config FILE`; what is said ends up in `said` when `command` is
/// parsed. Both must outlive the parsing. Values are judged by `load`, not here. With `keys`, only
/// those rows have flags.
void add_option_flags(CLI::App& command, OptionSources& said,
                      const std::vector<std::string_view>& keys = {});

}  // namespace ringrift::ops
