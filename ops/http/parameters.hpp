#pragma once

// Query parameters, read and checked; the first that is wrong becomes the
// answer, naming it.

#include <optional>
#include <string>

#include "ops/http/message.hpp"

namespace ringrift::ops::http {

class Parameters {
  public:
    explicit Parameters(const Request& request) : request_(request) {}

    /// Empty when it is not there.
    std::string text(const std::string& name) const;
    std::int64_t integer(const std::string& name, std::int64_t otherwise, std::int64_t least,
                         std::int64_t most);
    bool flag(const std::string& name);
    /// One of `names` (separated by ", "), or empty when it is not there.
    std::string one_of(const std::string& name, const std::string& names);
    /// RFC 3339, or a duration before `now`, e.g. 90s, 15m, 2h30m.
    std::optional<bus::Time> since(const std::string& name, bus::Time now);

    /// The answer 400, when anything asked for was wrong.
    const std::optional<Response>& problem() const { return problem_; }

  private:
    void wrong(const std::string& name, const std::string& expected);

    const Request& request_;
    std::optional<Response> problem_;
};

}  // namespace ringrift::ops::http
