#pragma once

// Text in aligned columns, and numbers and times as people read them. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace ringrift::ops::cli {

class Table {
  public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.size() == 1; }

    /// With a line of heads; a column whose cells all begin with a digit or a sign is set to the
    /// right.
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// 45s, 3m10s, 2h05m, 3d04h.
std::string age_text(double seconds);
/// 1.2 GiB
std::string bytes_text(double bytes);
/// 12,345
std::string count_text(std::int64_t count);
/// 123.4
std::string number_text(double value, int decimals = 1);
/// The first digits of a digest; other names whole.
std::string short_id(const std::string& id);

/// The member at a JSON pointer as text; `-` for null and what is not there.
std::string at(const boost::json::value& value, const std::string& pointer);
/// As a number; 0 for what is none.
double number_at(const boost::json::value& value, const std::string& pointer);
/// Null when there is no such member.
const boost::json::value* find_at(const boost::json::value& value, const std::string& pointer);

}  // namespace ringrift::ops::cli
