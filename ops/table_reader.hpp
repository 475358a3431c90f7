#pragma once

// Reads one table of a TOML file, key by key, and keeps a list of what is wrong with it.
//
// Each question names a key and leaves the default alone when the key is absent or wrong. The keys
// that were asked for are the keys that are known: `finish` reports all others. So a file's grammar
// is written once, as the code that reads it. One thread, on the stack, while a file is read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/time.hpp"
#include "ops/toml_file.hpp"

namespace ringrift::ops {

class TableReader {
  public:
    /// All must outlive the reader. `what` is what people call the table, e.g. `[selfplay]`.
    TableReader(const TomlFile& file, const TomlNode& table, std::string what,
                std::vector<std::string>& problems);

    bool text(std::string_view key, std::string& value);
    bool integer(std::string_view key, std::int64_t least, std::int64_t& value);
    /// A number with a fraction, kept in thousandths or millionths, as `unit` says.
    bool scaled(std::string_view key, double least, std::int64_t unit, std::int64_t& value);
    bool duration(std::string_view key, bus::Duration least, bus::Duration& value);
    bool bytes(std::string_view key, std::int64_t& value);
    bool texts(std::string_view key, std::vector<std::string>& value);

    /// The table under `key`, or null; a complaint if it is something else.
    const TomlNode* table(std::string_view key);
    /// The tables under `[[key]]`; none if absent.
    std::vector<const TomlNode*> tables(std::string_view key);

    /// Where `key` stands, or else the table; for complaints of the caller.
    void complain(std::string_view key, const std::string& sentence);

    /// Complains about every key that nobody asked for.
    void finish();

  private:
    const TomlNode* ask(std::string_view key);
    bool expected(const TomlNode& node, std::string_view what);

    const TomlFile& file_;
    const TomlNode& table_;
    std::string what_;
    std::vector<std::string>& problems_;
    std::vector<std::string_view> known_;
};

}  // namespace ringrift::ops
