#pragma once

// Our own source files as data, for the tests that hold them to the rules of the house.
//
// Understands as much of C++ as our formatted code needs: comments, literals, braces. Tests only.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace ringrift::tests {

struct SourceFile {
    std::filesystem::path path = {};  ///< From the repository's root, e.g. bus/ids.hpp.
    std::string text = {};
    std::string code = {};  ///< `text` with comments and the insides of literals made blanks.

    std::string folder() const { return path.begin()->string(); }
    bool is_header() const { return path.extension() == ".hpp"; }
    bool is_under(std::string_view prefix) const { return path.string().starts_with(prefix); }
};

/// A function with a body, or a test case.
struct Function {
    int line = 0;   ///< Of the opening brace.
    int lines = 0;  ///< From the opening to the closing brace, both included.
};

inline int line_of(std::string_view text, std::size_t offset) {
    return 1 + static_cast<int>(
                   std::count(text.begin(), text.begin() + static_cast<long>(offset), '\n'));
}

/// Past the end of the literal or comment that starts at `at`; `at` if none does.
inline std::size_t end_of_quiet(std::string_view text, std::size_t at) {
    const auto after = [&](std::string_view mark, std::size_t from) {
        const std::size_t found = text.find(mark, from);
        return found == std::string_view::npos ? text.size() : found + mark.size();
    };
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
    if (rest.starts_with("/*")) return after("*/", at + 2);
    if (rest.starts_with("R\"")) {
        const std::size_t open = text.find('(', at);
        return after(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
    }
    const char quote = rest.front();
    const bool digit_mark = quote == '\'' && at > 0 && std::isalnum(text[at - 1]) != 0;
    if ((quote != '"' && quote != '\'') || digit_mark) return at;
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
}

/// Same length and lines as `text`, but only code in it. Paths of includes are kept.
inline std::string only_code(std::string_view text) {
    std::string code(text);
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = end_of_quiet(text, at);
        if (end == at) {
            ++at;
            continue;
        }
        const std::size_t line = text.rfind('\n', at) + 1;  // npos + 1 is 0
        const bool included = text.substr(line).starts_with("#include");
        for (std::size_t i = at; i < end && !included; ++i) {
            if (code[i] != '\n') code[i] = ' ';
        }
        at = end;
    }
    return code;
}

/// What a brace opens, told from the code between the last `;`, `{` or `}` and it.
enum class Block { scope, function, other };

inline Block block_opened_by(std::string_view before) {
    while (!before.empty() && std::isspace(static_cast<unsigned char>(before.back())) != 0) {
        before.remove_suffix(1);
    }
    const auto has = [&](std::string_view word) {
        return before.find(word) != std::string_view::npos;
    };
    if (before.ends_with("=") || before.ends_with("(") || before.ends_with(","))
        return Block::other;
    if (has("namespace") || before.ends_with("extern")) return Block::scope;
    if (has(")")) return Block::function;
    if (has("struct ") || has("class ") || has("union ") || has("enum ")) return Block::scope;
    return Block::other;
}

/// The functions of a file, outermost only: a lambda belongs to the function around it.
inline std::vector<Function> functions_in(std::string_view code) {
    std::vector<Function> found;
    std::vector<Block> open;
    std::vector<std::size_t> starts;
    std::size_t statement = 0;
    bool preprocessor = false;
    for (std::size_t at = 0; at < code.size(); ++at) {
        const bool line_starts = at == 0 || code[at - 1] == '\n';
        if (line_starts && code[at] == '#') preprocessor = true;
        if (code[at] == '\n') {
            if (preprocessor) statement = at + 1;
            preprocessor = preprocessor && at > 0 && code[at - 1] == '\\';
        }
        if (preprocessor) continue;
        const char letter = code[at];
        if (letter == '{') {
            open.push_back(block_opened_by(code.substr(statement, at - statement)));
            starts.push_back(at);
        } else if (letter == '}' && !open.empty()) {
            const bool outermost = std::count(open.begin(), open.end(), Block::function) == 1 &&
                                   open.back() == Block::function;
            const int first = line_of(code, starts.back());
            if (outermost) found.push_back({.line = first, .lines = line_of(code, at) - first + 1});
            open.pop_back();
            starts.pop_back();
        }
        if (letter == '{' || letter == '}' || letter == ';') statement = at + 1;
    }
    return found;
}

/// All C++ files under the given folders of the repository.
inline std::vector<SourceFile> source_files(const std::filesystem::path& root,
                                            const std::vector<std::string>& folders) {
    std::vector<SourceFile> files;
    for (const std::string& folder : folders) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".cpp") continue;
            std::ifstream stream(entry.path());
            SourceFile file = {.path = entry.path().lexically_relative(root)};
            file.text.assign(std::istreambuf_iterator<char>(stream), {});
            file.code = only_code(file.text);
            files.push_back(std::move(file));
        }
    }
    std::sort(files.begin(), files.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return files;
}

}  // namespace ringrift::tests
