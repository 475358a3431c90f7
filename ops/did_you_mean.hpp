#pragma once

// Turns a misspelt word into a question: `; did you mean 'port'?`.
//
// Used wherever a person types a name that we know: option keys, workload keys, placeholders. Says
// nothing when no known word is near. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace ringrift::ops {

/// The known word that takes the fewest changes, at most two; empty when there is none.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

/// `; did you mean 'port'?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace ringrift::ops
