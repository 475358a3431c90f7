// Programs, run as a person would run them, and what came of it.
#pragma once

#include <sys/wait.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <string>

#include "ops/workloads/hex/files.hpp"
#include "tests/hex/folder.hpp"

namespace ringrift::hex {

struct Outcome {
    int exit_code = -1;
    std::string out = {};
    std::string err = {};
};

/// Runs a shell command in `folder`. $HEX names ringrift-hex, $EXAMPLE the example in Python.
inline Outcome shell(const Folder& folder, const std::string& command) {
    const std::string whole = "cd " + (folder / "").string() + " && export HEX='" +
                              RINGRIFT_HEX_PROGRAM + "' EXAMPLE='" + RINGRIFT_PYTHON_EXAMPLE +
                              "' && (" + command + ") >stdout 2>stderr";
    const int status = std::system(whole.c_str());
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .out = read_file(folder / "stdout"),
            .err = read_file(folder / "stderr")};
}

/// The result.json that a job left in `folder`/`name`.
inline boost::json::object result_in(const Folder& folder, const std::string& name) {
    return boost::json::parse(read_file(folder / (name + "/result.json"))).as_object();
}

}  // namespace ringrift::hex
