// What a job says when the world is not as it needs it: a missing file, a corrupt line, a full
// disk.
//
// Thrown where it is noticed, caught once, in main.cpp, which prints the sentence and exits with 1.
// The sentence names the file and what to do about it. Broken arguments are not failures: they are
// refused by main.cpp before a job starts, with exit code 2.
#pragma once

#include <stdexcept>
#include <string>

namespace ringrift::hex {

struct Failure : std::runtime_error {
    explicit Failure(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace ringrift::hex
