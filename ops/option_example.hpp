#pragma once

// The example of an option file: every option, commented, with its default and its help.
//
// Made from the table of options, so it says what holds. `ringrift config example` prints it;
// ops/deploy/ringrift.toml is what it printed last, and a test compares the two.

#include <string>

namespace ringrift::ops {

/// A TOML file in which nothing is set.
std::string example_text();

}  // namespace ringrift::ops
