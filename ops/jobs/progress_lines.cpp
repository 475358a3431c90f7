#include "ops/jobs/progress_lines.hpp"

namespace ringrift::ops {

void ProgressLines::feed(std::string_view text) {
    while (!text.empty()) {
        if (state_ == State::elsewhere || (state_ == State::line_start && text.front() != '{')) {
            skip_to_line(text);
            continue;
        }
        state_ = State::inside;
        const auto end = text.find('\n');
        const std::string_view piece = text.substr(0, end);
        if (line_.size() + piece.size() > progress_line_bytes_max) {
            line_.clear();
            state_ = State::elsewhere;
            continue;
        }
        line_ += piece;
        if (end == text.npos) return;
        end_line();
        text.remove_prefix(end + 1);
    }
}

// To the next line that begins with a brace. Looks for braces, not for ends of lines: most programs
// print many of these and few of those, and some print without end.
void ProgressLines::skip_to_line(std::string_view& text) {
    for (auto brace = text.find('{', 1); brace != text.npos; brace = text.find('{', brace + 1)) {
        if (text[brace - 1] != '\n') continue;
        text.remove_prefix(brace);
        state_ = State::line_start;
        return;
    }
    state_ = text.back() == '\n' ? State::line_start : State::elsewhere;
    text = {};
}

void ProgressLines::end_line() {
    if (line_.find("\"progress") != line_.npos) said_.swap(line_);
    line_.clear();
    state_ = State::line_start;
}

}  // namespace ringrift::ops
