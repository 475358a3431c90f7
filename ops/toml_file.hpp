#pragma once

// A TOML file as a tree that remembers its lines, so that whoever refuses a value can say where it
// stands.
//
// toml++ is seen by toml_file.cpp alone: it costs seconds to compile. Plain values, any thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/result.hpp"

namespace ringrift::ops {

struct TomlNode {
    enum class Kind { table, list, text, integer, real, boolean, time };
    Kind kind = Kind::table;
    std::string key = {};   ///< Within its table; empty for members of a list.
    int line = 0;           ///< Where it stands, from 1; 0 for the file itself.
    std::string text = {};  ///< A text's content; a scalar as it would be written.
    std::int64_t integer = 0;
    double real = 0;  ///< Set for integers as well.
    bool boolean = false;
    std::vector<TomlNode> children = {};  ///< Of a table, in the order of the file; of a list.

    const TomlNode* find(std::string_view name) const;
};

struct TomlFile {
    std::string name = {};  ///< As messages call it.
    TomlNode root = {};

    /// `workload.toml:12: `, or without the line where there is none.
    std::string place(const TomlNode& node) const;
};

/// Why a file is not taken; `sentence` names the file and, where there is one, the line.
struct Unreadable {
    std::string sentence = {};
};

bus::Result<TomlFile, Unreadable> parse_toml(std::string_view text, std::string name);
bus::Result<TomlFile, Unreadable> read_toml(const std::filesystem::path& path);

/// The file as it is.
bus::Result<std::string, Unreadable> read_text(const std::filesystem::path& path);

}  // namespace ringrift::ops
