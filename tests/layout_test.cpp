// The rules of the house that a program can check. CONTRIBUTING.md says why each is one.

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>

#include "tests/catch.hpp"
#include "tests/source_code.hpp"

namespace {

using namespace ringrift::tests;

constexpr int file_lines_max = 400;
constexpr int test_lines_max = 700;
constexpr int function_lines_max = 70;

const std::vector<std::string> flow = {"bus", "projections", "producers", "consumers", "ops"};

const std::vector<SourceFile>& files() {
    static const std::vector<SourceFile> read = [] {
        std::vector<std::string> folders = flow;
        folders.push_back("tests");
        return source_files(RINGRIFT_SOURCE_DIR, folders);
    }();
    return read;
}

void offend(const SourceFile& file, int line, const std::string& what) {
    FAIL_CHECK(file.path.string() << ":" << line << ": " << what);
}

/// Complains about each place in the code (not in comments or literals) that matches.
template <class Excused>
void forbid(const std::string& pattern, const std::string& what, const Excused& excused) {
    const std::regex expression(pattern);
    for (const SourceFile& file : files()) {
        if (excused(file)) continue;
        const std::sregex_iterator end;
        for (std::sregex_iterator at(file.code.begin(), file.code.end(), expression); at != end;
             ++at) {
            offend(file, line_of(file.code, static_cast<std::size_t>(at->position())), what);
        }
    }
}

/// Calls `visit(included path, line)` for each include of a file of ours.
template <class Visit>
void for_each_include(const SourceFile& file, const Visit& visit) {
    static const std::regex expression("#include \"([^\"]*)\"");
    const std::sregex_iterator end;
    for (std::sregex_iterator at(file.code.begin(), file.code.end(), expression); at != end; ++at) {
        visit(std::filesystem::path((*at)[1].str()),
              line_of(file.code, static_cast<std::size_t>(at->position())));
    }
}

std::size_t rank_of(const std::string& folder) {
    return static_cast<std::size_t>(std::find(flow.begin(), flow.end(), folder) - flow.begin());
}

bool is_in_shell(const SourceFile& file) {
    return file.is_under("ops/") || file.is_under("tests/");
}
bool is_test(const SourceFile& file) {
    return file.is_under("tests/");
}

}  // namespace

TEST_CASE("news flows one way: a file includes its own folder and those upstream of it") {
    for (const SourceFile& file : files()) {
        for_each_include(file, [&](const std::filesystem::path& included, int line) {
            const std::string folder = included.begin()->string();
            // The one binary offers `sim`; nothing else of the product knows the simulator.
            const bool is_sim_command =
                file.path == "ops/main.cpp" && included == "tests/simulation/simulation.hpp";
            if (is_sim_command) return;
            if (!is_test(file) && rank_of(folder) > rank_of(file.folder())) {
                offend(file, line, file.folder() + " may not include " + included.string());
            }
        });
    }
}

TEST_CASE("the reference workload knows nothing of the orchestrator, nor the orchestrator of it") {
    for (const SourceFile& file : files()) {
        for_each_include(file, [&](const std::filesystem::path& included, int line) {
            const bool from_workload = file.is_under("ops/workloads/");
            const bool to_workload = included.string().starts_with("ops/workloads/");
            if (from_workload != to_workload && !is_test(file)) {
                offend(file, line, "workloads and orchestrator meet only in the contract of jobs");
            }
        });
    }
}

TEST_CASE("includes are written from the root and name files that exist") {
    for (const SourceFile& file : files()) {
        for_each_include(file, [&](const std::filesystem::path& included, int line) {
            if (!std::filesystem::exists(RINGRIFT_SOURCE_DIR / included)) {
                offend(file, line, "there is no " + included.string());
            }
        });
    }
}

TEST_CASE("a file is one idea: at most 400 lines, or 700 where it is a list of sentences") {
    for (const SourceFile& file : files()) {
        const auto lines = static_cast<int>(std::count(file.text.begin(), file.text.end(), '\n'));
        const int lines_max = is_test(file) ? test_lines_max : file_lines_max;
        if (lines > lines_max) offend(file, lines, "the file is too long");
    }
}

TEST_CASE("a function is at most 70 lines") {
    for (const SourceFile& file : files()) {
        for (const Function& function : functions_in(file.code)) {
            if (function.lines <= function_lines_max) continue;
            offend(file, function.line,
                   "a function of " + std::to_string(function.lines) + " lines");
        }
    }
}

TEST_CASE("a header opens with #pragma once and prose that says what it is") {
    for (const SourceFile& file : files()) {
        if (!file.is_header()) continue;
        const std::size_t pragma = file.text.find("#pragma once");
        const std::size_t prose = file.text.find("// ");
        const std::size_t code = std::min(file.text.find("#include"), file.text.find("namespace"));
        if (pragma == std::string::npos || pragma > code)
            offend(file, 1, "#pragma once is missing");
        if (prose == std::string::npos || prose > code) offend(file, 1, "say first what it is");
    }
}

TEST_CASE("no file is named for being useful") {
    const std::array<std::string, 9> names = {"util", "utils", "helper", "helpers", "common",
                                              "base", "misc",  "types",  "stuff"};
    for (const SourceFile& file : files()) {
        for (const auto& part : file.path) {
            const std::string stem = std::filesystem::path(part).stem().string();
            if (std::find(names.begin(), names.end(), stem) == names.end()) continue;
            offend(file, 1, "name it for the one thing it is");
        }
    }
}

TEST_CASE("a header imposes no namespace and no heavy library on its readers") {
    const auto excused = [](const SourceFile& file) { return !file.is_header() || is_test(file); };
    forbid("using namespace", "no `using namespace` in a header", excused);
    forbid("#include <(boost/(beast|asio)|pqxx|toml\\+\\+|CLI/|nats)", "keep it in one .cpp",
           excused);
}

TEST_CASE("time and chance enter through the ports: only the shell and the tests ask for them") {
    forbid(
        "_clock::now\\(|random_device|mt19937|\\brand\\(|\\btime\\(nullptr|gettimeofday|clock_"
        "gettime",
        "take the time or the seed as an argument", is_in_shell);
}

TEST_CASE("only the shell prints") {
    forbid("std::(cout|cerr|clog)", "return what there is to say", is_in_shell);
}

TEST_CASE("everything has one owner: shared_ptr stands only where a library asks for it") {
    forbid("shared_ptr|enable_shared_from_this", "give it one owner", [](const SourceFile& file) {
        // Asio's handlers and spdlog's sinks are held by whoever runs them last.
        return is_test(file) || (file.is_under("ops/http/") && !file.is_header()) ||
               (file.is_under("ops/log") && !file.is_header());
    });
}

TEST_CASE("results are not dropped, and there are no macros of our own but the two that must be") {
    forbid("\\(void\\)\\s*[A-Za-z_:]+[.(>-]", "look at the result",
           [](const SourceFile&) { return false; });
    forbid("#define ", "write a function or a constant", [](const SourceFile& file) {
        return is_test(file) || file.path == "bus/check.hpp" || file.path == "ops/toml_file.cpp";
    });
}

TEST_CASE("the rules see functions as people do") {
    const auto lengths = [](const std::string& text) {
        std::vector<int> found;
        for (const Function& function : functions_in(only_code(text)))
            found.push_back(function.lines);
        return found;
    };
    CHECK(lengths("int f() {\n  return 1;\n}\n") == std::vector{3});
    CHECK(lengths("namespace a {\nstruct B {\n  int f() const { return 1; }\n};\n}\n") ==
          std::vector{1});
    CHECK(lengths("void f() {\n  auto g = [] {\n  };\n  if (a) {\n  }\n}\n") == std::vector{6});
    CHECK(lengths("const int table[] = {\n1,\n2,\n};\n").empty());
    CHECK(lengths("// f() {\nauto s = \"{ (\"; auto c = '{';\nvoid f() {\n}\n") == std::vector{2});
    CHECK(lengths("auto s = R\"x({ ) )x\";\nint n = 1'000;\nvoid f() {\n}\n") == std::vector{2});
    CHECK(lengths("A::A(int a)\n    : a_(a) {\n}\nB f();\n") == std::vector{2});
    CHECK(lengths("#define X(a) \\\n  { a }\nvoid f() {\n}\n") == std::vector{2});
}
