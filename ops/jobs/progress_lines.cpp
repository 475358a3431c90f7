#include "ops/jobs/progress_lines.hpp"

namespace ringrift::ops {

void ProgressLines::feed(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view piece = text.substr(0, end);
        too_long_ = too_long_ || line_.size() + piece.size() > progress_line_bytes_max;
        if (!too_long_) line_ += piece;
        if (end == text.npos) return;
        end_line();
        text.remove_prefix(end + 1);
    }
}

void ProgressLines::end_line() {
    if (!too_long_ && line_.starts_with('{') && line_.find("\"progress") != line_.npos) {
        said_.swap(line_);
    }
    line_.clear();
    too_long_ = false;
}

}  // namespace ringrift::ops
