#include "ops/option_example.hpp"

#include "ops/option_table.hpp"

namespace ringrift::ops {
namespace {

constexpr std::string_view head =
    "# Options of RingRift. Each stands here with its default: take the # before its key away to\n"
    "# set it. A flag or an environment variable goes before this file. `ringrift config check\n"
    "# --config FILE` says what is wrong, `ringrift config show` what holds and why.\n";

std::string default_of(const OptionRow& row) {
    const std::string value = row.write(Options{});
    return row.written == Written::bare ? value : '"' + value + '"';
}

}  // namespace

std::string example_text() {
    std::string text(head);
    std::string_view group;
    for (const OptionRow& row : option_table()) {
        if (row.group != group) text += "\n# ---- " + std::string(row.group) + " ----\n";
        group = row.group;
        text += "\n# " + std::string(row.help) + "\n# " + std::string(row.expected) + "; " +
                std::string(row.flag) + ", " + std::string(row.environment) + "\n#" +
                std::string(row.key) + " = " + default_of(row) + "\n";
    }
    return text;
}

}  // namespace ringrift::ops
